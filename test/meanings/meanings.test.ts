import { describe, expect, it } from 'vitest';
import type { Tracker } from '../../src/trackers/tracker.ts';
import { Tape } from '../simulation/tape.ts';
import { dialects } from './dialects.ts';
import { NOT_YET } from './not-yet.ts';
import { play } from './play.ts';
import type { Dialect } from './site.ts';

const playing = { dialects, without: NOT_YET };

describe('the worlds of what trackers mean', () => {
  it('are held by the product, in every tracker', async () => {
    for (const dialect of dialects)
      for (let seed = 1; seed <= 8; seed++) {
        const { broken } = await play(Tape.ofSeed(seed), { ...playing, dialects: [dialect] });
        expect(broken, `${dialect.name}, seed ${seed}`).toBeUndefined();
      }
  });

  it('are the same for the same seed', async () => {
    const [once, again] = [
      await play(Tape.ofSeed(7), { ...playing, aloud: true }),
      await play(Tape.ofSeed(7), { ...playing, aloud: true }),
    ];
    expect(once.lines.length).toBeGreaterThan(3);
    expect(again.drawn).toEqual(once.drawn);
    expect(again.used).toEqual(once.used);
  });

  it('show what is read wrongly', async () => {
    // Whatever this reader is told, all is done.
    const sure = dialects.map(
      (dialect): Dialect => ({
        ...dialect,
        open(draw, world) {
          const site = dialect.open(draw, world);
          const { tracker } = site;
          const translate: Tracker['translate'] = (delivery, options) => {
            const said = tracker.translate(delivery, options);
            if (said.kind !== 'events') return said;
            return { ...said, tasks: said.tasks.map((task) => ({ ...task, state: 'done' })) };
          };
          return Object.create(site, { tracker: { value: { ...tracker, translate } } });
        },
      }),
    );
    const worlds = [];
    for (let seed = 1; seed <= 40; seed++)
      worlds.push(await play(Tape.ofSeed(seed), { ...playing, dialects: sure }));
    expect(
      worlds.map(({ broken }) => broken ?? '').filter((words) => words.includes('was closed although')),
    ).not.toEqual([]);
  });
});
