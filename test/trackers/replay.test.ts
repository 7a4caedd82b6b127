/**
 * Payloads that trackers really sent. They belong to others and are no part of this project: they are read from
 * a folder beside the checkout (or from `PAYLOADS`), and without it these tests are skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { trackers } from '../../src/trackers/index.ts';
import type { Tracker } from '../../src/trackers/tracker.ts';
import type { Translation } from '../../src/trackers/translation.ts';
import { samples } from './all-samples.ts';
import { AT, defaultsOf, type Samples } from './samples.ts';

const folder = process.env.PAYLOADS ?? join(import.meta.dirname, '../../../shared/payloads');
const indexSchema = z.array(
  z.object({
    file: z.string(),
    headers: z.record(z.string(), z.string()),
    expect: z.object({
      outcome: z.string(),
      also: z.union([z.string(), z.array(z.string())]).optional(),
      task: z.string().nullish(),
    }),
  }),
);

/** Files whose expectation is not ours, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {};

/**
 * What is told once the hints were read from a tracker that answers as the index expects. A task that moved and kept
 * its address is only read anew: then the tracker shows it open, at its place.
 */
async function afterRead(
  tracker: Tracker,
  translation: Translation,
  { api }: Samples,
  outcome: string,
): Promise<Translation> {
  if (translation.kind !== 'events' || translation.hints.length === 0) return translation;
  const { readBack } = tracker;
  if (readBack === undefined || api === undefined)
    throw new Error(`the samples of ${tracker.name} lack an API`);
  const isMove = outcome === 'moved';
  const answer = api(stateSchema.parse(isMove ? 'open' : outcome));
  const { events } = await readBack.read(
    translation.hints.map(({ task }) => task),
    {
      token: 'token',
      urls: [readBack.defaultUrl ?? 'https://tracker.example'],
      options: defaultsOf(tracker),
      now: Date.now(),
      send: async (request) => answer(request),
    },
  );
  const tasks = [...events.values()].map((event) => (isMove ? { ...event, aliases: [event.task] } : event));
  return { ...translation, tasks: [...translation.tasks, ...tasks], hints: [] };
}

const stateSchema = z.enum(['done', 'declined', 'open', 'deleted']);

/** Our word for what an index calls the outcome. A moved task is an event that knows its former place, if it left it. */
function outcomes(
  tracker: Tracker,
  translation: Translation,
  task: string | null | undefined,
  { keepsPlace }: Samples,
): string[] {
  if (translation.kind !== 'events') return [translation.kind];
  const former = tracker.taskKey(task ?? '');
  return translation.tasks.flatMap(({ task: key, state, aliases }) => {
    const isMoved = keepsPlace ? key === former : former !== undefined && aliases.includes(former);
    return isMoved ? ['moved', state] : [state];
  });
}

describe.each(trackers)('recorded payloads of $name', (tracker) => {
  const index = join(folder, tracker.name, 'index.json');
  const of = samples[tracker.name];
  if (!existsSync(index) || of === undefined) {
    it.skip(`are not here: ${index}`, () => {}); // recorded from others, they are kept beside the project
    return;
  }
  const entries = indexSchema.parse(JSON.parse(readFileSync(index, 'utf8')));
  it.each(entries.filter(({ file }) => !(file in exceptions)))(
    '$file',
    async ({ file, headers, expect: expected }) => {
      const body = readFileSync(join(folder, tracker.name, file));
      const sent = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const secret = of.secret ?? 'secret';
      const signed = of.headers(body, secret);
      const signature = signed[of.signature];
      const receivedAt = of.sentAt?.(body) ?? AT;
      const received = { headers: { ...signed, ...sent, [of.signature]: signature }, body, receivedAt };

      expect(await tracker.verify(received, [secret])).toBe(true);
      const translation = tracker.translate(received, { ...defaultsOf(tracker), ...of.recorded });
      const right = [expected.outcome, ...[expected.also ?? []].flat()];
      const told = await afterRead(tracker, translation, of, expected.outcome);
      expect(right, JSON.stringify(told)).toContain(
        outcomes(tracker, told, expected.task, of).find((outcome) => right.includes(outcome)),
      );
      if (told.kind === 'events' && expected.task)
        expect(told.tasks.flatMap(({ task, aliases }) => [task, ...aliases])).toContain(
          tracker.taskKey(expected.task),
        );
    },
  );
});
