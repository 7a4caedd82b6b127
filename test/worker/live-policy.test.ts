import { expect, it } from 'vitest';
import { sweepDeps } from '../../src/context/deps.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { readInForce } from '../../src/store/in-force.ts';
import { sweep } from '../../src/sync/sweep.ts';
import { NotedPolicy } from '../../src/worker/noted-policy.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { incident, minutes, rule } from '../support/make.ts';
import { contextInMemory } from './support.ts';

const policyOf = (...rules: Policy['rules']): Policy => ({
  activeIncidents: 'leave',
  rules: [...rules, rule({ settleTime: 0 })],
});

it('a worker decides by the policy of the moment, and a change makes a sweep due that looks at every verdict', async () => {
  const one = incident();
  const made = await contextInMemory({
    reader: {
      incidents: async function* () {
        yield [one];
      },
    },
  });
  const { store, clock, given, edits } = made;
  let policy = policyOf(rule({ name: 'By hand', close: false }));
  const context = {
    ...made.context,
    get policy() {
      return policy;
    },
  };
  await startWorker(context, { wait: () => new Promise(() => {}) });
  const review = async () => {
    const job = { why: 'a test', begunBefore: false, signal: new AbortController().signal };
    await given.handlers?.review(one.id, job);
    return (await store.outcomes.get(one.id))?.rule;
  };
  expect(await review()).toBe('By hand');
  expect(await readInForce(store)).toMatchObject({
    policy: expect.stringMatching(/^1 rule and the settings/),
  });

  const notes = new NotedPolicy(context);
  await notes.note();
  clock.time += 1_000;
  await store.meta.put('last-sweep', clock.time);
  const woken: string[] = [];
  const swept = () =>
    sweep(
      {
        ...sweepDeps(context),
        waker: { wake: async (ids) => void woken.push(...ids), wakeAt: async () => {} },
      },
      minutes(10),
    );
  await notes.note();
  expect(await swept()).toBeUndefined();

  clock.time += 1_000;
  policy = policyOf();
  await notes.note();
  expect(await readInForce(store)).toMatchObject({ since: clock.time });
  expect(await readInForce(store)).not.toHaveProperty('policy');
  await swept();
  expect(woken).toEqual([one.id]);
  expect(await review()).toBe('the settings');
  expect(edits).toHaveLength(1);
});
