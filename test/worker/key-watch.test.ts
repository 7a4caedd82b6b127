import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ForbiddenError, KeyRejectedError } from '../../src/incident-io/errors.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { readKeyReport } from '../../src/store/notices/key-report.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import type { Identity } from '../../src/vocabulary.ts';
import { KeyWatch } from '../../src/worker/key-watch.ts';

const working: Identity = {
  name: 'closer',
  dashboardUrl: 'https://app.incident.io/acme',
  roles: ['viewer', 'incident_editor', 'post_incident_flow_opt_out'],
};

/** Memory tables of which one write at a time can be held back. */
function heldTables(): { tables: Tables; hold(): () => void } {
  const tables = createMemoryTables();
  let gate: Promise<void> | undefined;
  return {
    tables: {
      ...tables,
      async put(changes) {
        const held = gate;
        gate = undefined;
        await held;
        await tables.put(changes);
      },
    },
    hold() {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
}

describe('the watch on the API key', () => {
  it('ends with what is known last, however late the store takes note of what was known before', async () => {
    const { tables, hold } = heldTables();
    const store = new Store(tables);
    const answers: (Identity | Error)[] = [working];
    const watch = new KeyWatch({
      api: {
        async identity() {
          const answer = answers.shift() ?? working;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      store,
      clock: { now: () => 0 },
      log: pino({ level: 'silent' }),
    });
    let works: boolean | undefined;
    watch.onChange = async (now) => {
      works = now;
    };
    await watch.check();
    expect(works).toBe(true);

    answers.push(new KeyRejectedError('incident.io rejects the API key'), working);
    const release = hold();
    const rejected = watch.check();
    await expect.poll(() => watch.state.is).toBe('bad');
    const accepted = watch.check();
    await expect.poll(() => watch.state.is).toBe('good');
    release();
    await Promise.all([rejected, accepted]);
    expect(works).toBe(true);
    expect(await readKeyReport(store)).toMatchObject({ works: true });
  });

  it('probes a key whoever finds that it works no more, also a review that only lacked the role to close', async () => {
    const answers = [new KeyRejectedError('incident.io rejects the API key')];
    const stop = new AbortController();
    const watch = new KeyWatch({
      api: {
        async identity() {
          const rejected = answers.shift();
          if (rejected !== undefined) throw rejected;
          return working;
        },
      },
      store: new Store(createMemoryTables()),
      clock: { now: () => 0 },
      log: pino({ level: 'silent' }),
      wait: async () => {},
    });
    expect(await watch.mayClose(stop.signal)).toBeUndefined();
    await expect.poll(() => watch.state).toMatchObject({ is: 'good' });
    expect(await watch.mayClose(stop.signal)).toMatchObject({ name: 'closer' });
    // Whatever call it was that incident.io rejected.
    await watch.rejected(new KeyRejectedError('incident.io rejects the API key'), stop.signal);
    await expect.poll(() => watch.state).toMatchObject({ is: 'good' });
  });

  it('has what was refused tried again with each check, until that was taken once', async () => {
    const roles = [...working.roles];
    const store = new Store(createMemoryTables());
    const watch = new KeyWatch({
      api: { identity: async () => ({ ...working, roles: [...roles] }) },
      store,
      clock: { now: () => 0 },
      log: pino({ level: 'silent' }),
    });
    const tries: string[] = [];
    watch.onRoles = async () => {
      tries.push(tries.length < 2 ? 'failed' : 'taken');
      if (tries.at(-1) === 'failed') throw new Error('the queue does not answer');
    };
    await watch.check();
    roles.push('schedules_reader');
    const checked = async () => {
      await watch.check();
      return tries;
    };
    await expect.poll(checked).toEqual(['failed', 'failed', 'taken']);
    await expect.poll(() => store.meta.get('key-roles')).toContain('schedules_reader');
    expect(await checked()).toHaveLength(3);
  });

  it.each([
    [
      'incident.io answers nothing that can be read',
      async () => Promise.reject(new Error('no JSON')),
      'good',
    ],
    [
      'the key is another organisation’s by now',
      async () => ({ ...working, dashboardUrl: 'https://app.incident.io/other' }),
      'bad',
    ],
  ])('a refused call ends nothing where %s when the key is checked for it', async (_where, second, is) => {
    const stop = new AbortController();
    let checked = 0;
    const watch = new KeyWatch({
      api: { identity: () => (checked++ === 0 ? Promise.resolve(working) : second()) },
      store: new Store(createMemoryTables()),
      clock: { now: () => 0 },
      log: pino({ level: 'silent' }),
      wait: async () => stop.abort(),
    });
    await watch.check();
    watch.onChange = async () => Promise.reject(new Error('the queue does not answer'));
    await watch.noteFailure(new ForbiddenError('you may not', { status: 403 }), stop.signal);
    expect(checked).toBe(2);
    expect(watch.state.is).toBe(is);
    await watch.noteFailure(new KeyRejectedError('incident.io rejects the API key'), stop.signal);
    expect(watch.state.is).toBe('bad');
  });
});
