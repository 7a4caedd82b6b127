import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boardFor, deliveriesFor } from '../../src/board/for-viewers.ts';
import { boardView } from '../../src/board/view.ts';
import type { DeliveriesResult } from '../../src/operations/deliveries.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import type { FailedJob } from '../../src/queue/backend.ts';
import { minutes, OPERATOR } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';
import { type Lines, type ServedBoard, servedBoard } from './served.ts';

const ADA: Lines = [['Tailscale-User-Login', 'ada@example.com']];
const VERA: Lines = [['Tailscale-User-Login', 'vera@example.com']];

/** In every text about the private incident but its reference. */
const CANARY = 'canary';

describe('of a private incident viewers get the reference alone', () => {
  let world: MemoryWorld;
  let served: ServedBoard;
  beforeEach(async () => {
    world = await openMemoryWorld();
    await world.sync();
    served = await servedBoard(
      {
        AUTH_PROXY_HEADER: 'Tailscale-User-Login',
        TRUSTED_PROXIES: '127.0.0.1',
        OPERATORS: 'ada@example.com',
        VIEWERS: '*',
      },
      () => world.context,
    );
  });
  afterEach(async () => {
    await served.close();
    await world.close();
  });

  const about = {
    name: `${CANARY} name`,
    type: `${CANARY} type`,
    lead: `${CANARY} lead`,
    visibility: 'private',
  } as const;
  const look = async (path: string, lines: Lines): Promise<string> => {
    const { status, text } = await served.get(path, lines);
    expect(status, path).toBe(200);
    return text;
  };

  it('in every place of the board, open, held and closed; operators see it whole', async () => {
    const waiting = await world.incident([`acme/${CANARY}#1`], about);
    const held = await world.incident([`acme/${CANARY}#2`], about);
    const closed = await world.incident([`acme/${CANARY}#3`], about);
    const open = await world.incident(['acme/public#1']);
    await world.swept();
    await world.reviewed();
    await holdIncident(held, `${CANARY} reason`, world.context, OPERATOR);
    await world.told(`acme/${CANARY}#3`);
    await world.reviewed();
    world.later(minutes(6));
    world.woken.set(closed.id, `github:github.com/acme/${CANARY}#3 done`);
    await world.reviewed();
    expect(world.incidentIo.incident(closed.id).status.category).toBe('closed');

    const paths = [waiting, held, closed].flatMap(({ reference, id }) => [
      `/api/incidents/${reference}`,
      `/api/incidents/${id}`,
      `/api/incidents/${reference}/page`,
    ]);
    const board = JSON.parse(await look('/api/board', ADA));
    expect(board.closed.rows).toHaveLength(1);
    expect(board.actions.rows).toHaveLength(1);
    const questions = [waiting, closed].map(({ reference }) => `/api/search?q=${reference}`);
    for (const path of ['/api/board', '/api/list', '/api/meeting', questions[1] ?? '', ...paths]) {
      expect(await look(path, ADA), path).toContain(CANARY);
      const text = await look(path, VERA);
      expect(text, path).not.toContain(CANARY);
      expect(text, path).toMatch(/INC-\d/);
    }
    // The search tells by what it finds, too.
    for (const q of [CANARY, `acme/${CANARY}%231`]) {
      expect(await look(`/api/search?q=${q}`, ADA)).toMatch(waiting.id);
      expect(await look(`/api/search?q=${q}`, VERA), q).toBe('{"open":[],"others":[],"more":0}');
    }
    expect(await look(questions[0] ?? '', VERA)).toContain(waiting.id);
    expect(await look('/api/charts', VERA)).toBe(await look('/api/charts', ADA));
    const shown = JSON.parse(await look('/api/board', VERA));
    expect(shown.groups.waiting.rows).toEqual(
      expect.arrayContaining([
        {
          ...{ id: waiting.id, reference: waiting.reference, verdict: 'wait', name: '', private: true },
          words: 'it is private: only operators see more of it',
        },
        expect.objectContaining({
          reference: open.reference,
          words: 'waits for acme/public#1',
          private: false,
        }),
      ]),
    );
    expect(shown.groups.held.rows).toMatchObject([{ reference: held.reference, name: '' }]);
    expect(shown.closed.rows).toMatchObject([{ incident: closed.reference, name: '', evidence: [] }]);
    expect(shown.actions.rows).toMatchObject([
      { words: `ada (command line on build-1) held ${held.reference}: only operators see why` },
    ]);
    expect(await look(`/api/incidents/${open.reference}/page`, VERA)).toContain('acme/public#1');
  });

  it('in what failed for good, also where that is about deliveries of unknown incidents', async () => {
    const hidden = await world.incident([`acme/${CANARY}#1`], about);
    const open = await world.incident(['acme/public#1']);
    await world.swept();
    await world.reviewed();
    const job: Omit<FailedJob, 'id' | 'why'> = {
      queue: 'reviews',
      tasks: [],
      tries: 3,
      at: world.clock.time,
    };
    const view = await boardView(
      {},
      {
        ...world.context,
        backend: {
          ...world.context.backend,
          failed: async () => [
            { ...job, id: '1', incident: hidden.id, why: `${CANARY} review` },
            { ...job, id: '2', incident: open.id, why: 'its own words' },
            { ...job, id: '3', queue: 'events', tasks: [`github:github.com/acme/${CANARY}#1`], why: CANARY },
          ],
        },
      },
    );
    const shown = boardFor('viewer', view);
    expect(JSON.stringify(shown)).not.toContain(CANARY);
    expect(shown.failed.rows).toMatchObject([
      { id: '1', incident: hidden.reference, why: 'only operators see why' },
      { id: '2', incident: open.reference, why: 'its own words' },
      { id: '3', tasks: [] },
    ]);
  });

  it('in deliveries: a task is shown where all incidents that it concerns are public', () => {
    const one = {
      outcome: 'accepted',
      source: 'github',
      at: '2026-03-01T12:00:00.000Z',
      from: '192.0.2.1',
    } as const;
    const of = (task: string, over: object) => ({
      ...one,
      read: [{ task, state: 'done' }],
      ...{ woke: [], knew: [], taken: true, words: `about ${task}` },
      ...over,
    });
    const told: DeliveriesResult = {
      refused: [],
      deliveries: [
        of('public', { woke: ['INC-1'], private: false }),
        of(`${CANARY}-woke`, { woke: ['INC-2'], private: true }),
        of(`${CANARY}-knew`, { knew: ['INC-2'], private: true }),
        of(`${CANARY}-not-taken`, { taken: false }),
        of(`${CANARY}-of-none`, {}),
      ],
    };
    const asked = { limit: 10, refused: false };
    expect(deliveriesFor('operator', asked, told)).toBe(told);
    const shown = deliveriesFor('viewer', asked, told);
    expect(JSON.stringify(shown)).not.toContain(CANARY);
    expect(shown.deliveries.map(({ words }) => words)).toEqual([
      'about public',
      'woke INC-2',
      ...Array.from({ length: 3 }, () => 'only operators see more of it'),
    ]);
    // Whether a task belongs to a private incident is not found out by asking for it.
    const byTask = deliveriesFor('viewer', { ...asked, task: `${CANARY}-woke` }, told);
    expect(byTask.deliveries.map(({ words }) => words)).toEqual(['about public']);
  });
});
