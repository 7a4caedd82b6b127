import { describe, expect, it } from 'vitest';
import { DeliveryMemory, type SignedDelivery } from '../../src/receiver/memory.ts';
import { DeliveryLog } from '../../src/store/delivery-log.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { Tables } from '../../src/store/tables.ts';
import { listeningLog } from '../queue/support.ts';
import { T0, taskEvent } from '../support/make.ts';
import { gate } from './support.ts';

function opened(change: (tables: Tables) => Partial<Tables> = () => ({})) {
  const tables = createMemoryTables();
  const log = new DeliveryLog({ ...tables, ...change(tables) });
  const clock = { time: T0 };
  const dropped = { count: 0 };
  const memory = new DeliveryMemory({
    log,
    logger: listeningLog().log,
    now: () => clock.time,
    every: 3_600_000,
    onDropped: (count) => {
      dropped.count += count;
    },
  });
  return { tables, log, memory, clock, dropped };
}

const accepted = (n: number, over: Partial<SignedDelivery> = {}): SignedDelivery => ({
  outcome: 'accepted',
  source: 'github',
  at: T0 + n,
  from: '192.0.2.1',
  id: `d${n}`,
  told: {
    tasks: [taskEvent({ delivery: `d${n}`, receivedAt: T0 + n, actor: 'ada' })],
    incidents: [],
    hints: [],
  },
  ...over,
});

describe('what is remembered of deliveries', () => {
  it('is written for all of them together, and not while they are answered', async () => {
    let calls = 0;
    const { log, memory } = opened((tables) => ({
      put: (changes) => {
        calls += 1;
        return tables.put(changes);
      },
    }));
    for (let n = 0; n < 500; n++) memory.signed(accepted(n));
    expect(calls).toBe(0);
    await memory.write();
    expect(calls).toBe(1);
    const [newest] = await log.newest(['accepted'], 1, T0);
    expect(newest).toMatchObject({
      source: 'github',
      id: 'd499',
      from: '192.0.2.1',
      read: [{ state: 'done' }],
    });
    // Nobody's name.
    expect(JSON.stringify(newest)).not.toContain('ada');
    await memory.close();
  });

  it('are the newest thousand, however many come before the store takes them; the others are counted', async () => {
    const { log, memory, dropped } = opened();
    for (let n = 0; n < 12_345; n++) memory.signed(accepted(n));
    await memory.close();
    const kept = await log.newest(['accepted'], 5_000, T0);
    expect(kept).toHaveLength(1_000);
    expect(kept[0]).toMatchObject({ id: 'd12344' });
    expect(kept.at(-1)).toMatchObject({ id: 'd11345' });
    expect(dropped.count).toBe(11_345);
  });

  it('is kept while the store takes nothing, and written once it does', async () => {
    let down = true;
    const { log, memory } = opened((tables) => ({
      rank: async (name, entries) => {
        if (down) throw new Error('the store is down');
        return tables.rank(name, entries);
      },
      swap: async (changes) => {
        if (down) throw new Error('the store is down');
        return tables.swap(changes);
      },
    }));
    memory.signed(accepted(1));
    memory.refused({ reason: 'signature', source: 'jira', from: '192.0.2.2' });
    await memory.write();
    memory.refused({ reason: 'signature', source: 'jira', from: '192.0.2.2' });
    down = false;
    await memory.write();
    await memory.write();
    expect(await log.newest(['accepted'], 10, T0)).toHaveLength(1);
    const known = await log.standingOf(['jira', 'github'], T0);
    expect(known.get('jira')).toMatchObject({ refused: [{ reason: 'signature', count: 2 }] });
    expect(known.get('github')).toMatchObject({ signedAt: T0 + 1, refused: [] });
    await memory.close();
  });

  it('takes in what comes during a write', async () => {
    const held = gate();
    const { log, memory } = opened((tables) => ({
      rank: async (name, entries) => {
        await held.opened;
        return tables.rank(name, entries);
      },
    }));
    memory.signed(accepted(1));
    const writing = memory.write();
    memory.signed(accepted(2));
    held.open();
    await writing;
    await memory.close();
    expect(await log.newest(['accepted'], 10, T0)).toHaveLength(2);
  });

  it('of a flood that nobody signed is one sum, whose names are looked up for a few', async () => {
    const { log, memory, clock, tables } = opened();
    let looks = 0;
    for (let n = 0; n < 10_000; n++) {
      clock.time = T0 + n;
      memory.refused({
        reason: 'signature',
        source: 'github',
        from: '198.51.100.7',
        ids: () => {
          looks += 1;
          return { id: `x${n}`, hook: 'h' };
        },
      });
    }
    await memory.close();
    expect(looks).toBe(10);
    expect((await log.standingOf(['github'], T0)).get('github')?.refused).toMatchObject([
      { reason: 'signature', count: 10_000, first: T0, last: T0 + 9_999 },
    ]);
    for (const outcome of ['accepted', 'ignored', 'malformed', 'unavailable'])
      expect(await tables.rankSize(`deliveries-${outcome}`)).toBe(0);
  });

  it('keeps no stop waiting where the store does not answer', async () => {
    const { memory } = opened(() => ({ rank: () => new Promise(() => {}) }));
    memory.signed(accepted(1));
    await memory.close();
  });

  it('is gone after a week', async () => {
    const { log, memory } = opened();
    memory.signed(accepted(1));
    memory.refused({ reason: 'signature', source: 'github', from: '192.0.2.2' });
    await memory.close();
    const later = T0 + 7 * 24 * 3_600_000 + 2;
    expect(await log.newest(['accepted'], 10, later)).toEqual([]);
    expect((await log.standingOf(['github'], later)).get('github')?.refused).toEqual([]);
  });
});
