import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../src/incident-io/errors.ts';
import { storyOf } from '../../src/operations/story.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { READ_BACK } from '../../src/vocabulary.ts';
import { followUp, statuses, T0, taskEvent, update } from '../support/make.ts';
import { openWorker } from './support.ts';

const ISSUE = { provider: 'github', name: 'acme/api#1', permalink: 'https://github.com/acme/api/issues/1' };
const TASK = 'github:github.com/acme/api#1';

describe('as it happens, the story of an incident is stored:', () => {
  it('deliveries with what was recorded, changed verdicts, writes and the closing, with ids', async () => {
    let shown = followUp({ reference: ISSUE, updatedAt: T0 - 60_000 });
    const { context, given, clock, incident, review, store } = await openWorker({
      reader: { followUpsOf: async () => [shown] },
    });
    const later = () => {
      clock.time += 10_000;
      return review();
    };
    const job = { begunBefore: false, signal: new AbortController().signal };
    Object.assign(context.writer ?? {}, {
      async setFollowUpStatus() {
        shown = { ...shown, status: 'completed', completedAt: clock.time, updatedAt: clock.time };
        return { followUp: shown, requestId: 'req-of-write' };
      },
      editStatus: async () => ({ incident, requestId: 'req-of-closing' }),
    });
    await later();
    await later();
    const events = [
      taskEvent({ delivery: 'd-1', occurredAt: T0 + 20_000, receivedAt: T0 + 20_500 }),
      taskEvent({ delivery: 'd-2', occurredAt: T0 + 20_000, receivedAt: T0 + 20_600 }),
      taskEvent({ delivery: READ_BACK, occurredAt: T0 + 20_000, receivedAt: T0 + 20_700 }),
    ];
    for (const event of events) await given.handlers?.events(asBatch({ tasks: [event] }), job);
    await later();

    const { entries } = await storyOf(incident.id, context);
    expect(entries.map(({ kind, words }) => `${kind}: ${words}`)).toEqual([
      'edit: closed by incident-closer (request req-of-closing)',
      'write: the follow-up acme/api#1 was set to completed, since its task is done (request req-of-write)',
      'delivery: GitHub told nothing new: acme/api#1 is done (octocat) (delivery d-2)',
      'delivery: GitHub told: acme/api#1 is done (octocat) (delivery d-1)',
      'verdict: waits for acme/api#1',
    ]);
    // The closing tells it already.
    incident.status = statuses.closed;
    await later();
    expect((await storyOf(incident.id, context)).entries).toHaveLength(5);
    expect((await store.tasks.get(TASK))?.state).toBe('done');
  });

  it('what incident.io refused, and that somebody moved it back', async () => {
    const updates = [update()];
    const { context, clock, incident, review } = await openWorker({
      reader: { updates: async () => updates },
    });
    const later = () => {
      clock.time += 10_000;
      return review();
    };
    const writer = context.writer;
    if (writer === undefined) throw new Error('it writes');
    const { editStatus } = writer;
    writer.editStatus = () =>
      Promise.reject(
        new RefusedError('Could not close it.', {
          ...{ words: 'it has an open debrief', status: 422, requestId: 'req-1' },
        }),
      );
    await later();
    const words = async () => (await storyOf(incident.id, context)).entries.map((entry) => entry.words);
    expect(await words()).toContainEqual(
      'incident.io refused the closing: “it has an open debrief” (request req-1)',
    );

    writer.editStatus = editStatus;
    await context.store.refusals.remove(incident.id);
    await later();
    expect((await words())[0]).toBe('closed by incident-closer');
    await later();
    expect(await words()).toContainEqual(
      'it was closed at 2026-03-01 12:00:20 UTC and is open again: somebody moved it back',
    );
  });
});
