import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { asBatch } from '../../src/queue/event-batch.ts';
import { holdIntake } from '../../src/service/hold-intake.ts';
import type { EventBatch } from '../../src/vocabulary.ts';

it('nothing is taken before it is opened, then what waited and all that comes', async () => {
  const taken: [EventBatch, object | undefined][] = [];
  const held = holdIntake({ add: async (batch, options) => void taken.push([batch, options]) });
  const [early, late] = [asBatch({}), asBatch({})];
  const waiting = held.intake.add(early, { behind: true });
  await setImmediate();
  expect(taken).toEqual([]);

  held.open();
  await waiting;
  await held.intake.add(late);
  expect(taken.map(([batch]) => batch)).toEqual([early, late]);
  expect(taken[0]?.[0]).toBe(early);
  expect(taken.map(([, options]) => options)).toEqual([{ behind: true }, undefined]);
});

it('a queue that refuses is not hidden', async () => {
  const held = holdIntake({ add: () => Promise.reject(new Error('the queue is full')) });
  held.open();
  await expect(held.intake.add(asBatch({}))).rejects.toThrow('the queue is full');
});
