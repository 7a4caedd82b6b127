import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { checkExchange } from '../support/contract.ts';
import { ask, at } from './ask.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const PUT = 'PUT /v3/follow_ups/{id}';
let simulator: Simulator;
let followUp: string;
beforeEach(async () => {
  simulator = await startSimulator({
    clock: { now: () => NOW },
    rateLimit: false,
    seed: 7,
    onExchange: checkExchange,
  });
  followUp = simulator.createFollowUp({ incident: simulator.createIncident().id }).id;
});
afterEach(() => simulator.close());

const complete = () =>
  ask(simulator, `/v3/follow_ups/${followUp}`, { method: 'PUT', body: { title: 'a', status: 'completed' } });
const status = () => simulator.followUp(followUp).status;

describe('an error', () => {
  it.each([500, 502, 503, 409] as const)('%i before the write leaves it undone', async (code) => {
    simulator.misbehave({ fault: { kind: 'status', status: code }, route: PUT });
    const answer = await complete();
    expect([answer.status, at(answer.body, 'status')]).toEqual([code, code]);
    expect(status()).toBe('outstanding');
  });

  it.each([500, 409] as const)('%i after the write hides that it is done', async (code) => {
    simulator.misbehave({ fault: { kind: 'status', status: code }, route: PUT, when: 'after' });
    expect((await complete()).status).toBe(code);
    expect(status()).toBe('completed');
  });

  it('429 says when to retry, in seconds or as a date', async () => {
    const fault = { kind: 'status', status: 429, retryAfterSeconds: 30 } as const;
    simulator.misbehave({ fault });
    simulator.misbehave({ fault: { ...fault, retryAfterAs: 'date' } });
    const first = await complete();
    expect(first.headers.get('retry-after')).toBe('30');
    expect(Date.parse(String(at(first.body, 'rate_limit.retry_after')))).toBe(NOW + 30_000);
    expect(Date.parse((await complete()).headers.get('retry-after') ?? '')).toBe(NOW + 30_000);
    expect((await complete()).status).toBe(200);
  });
});

describe('a connection', () => {
  it.each([
    ['before', 'outstanding'],
    ['after', 'completed'],
  ] as const)('that is reset %s the write leaves it %s', async (when, left) => {
    simulator.misbehave({ fault: { kind: 'reset' }, route: PUT, when });
    await expect(complete()).rejects.toThrow('fetch failed');
    expect(status()).toBe(left);
    expect(simulator.requests.at(-1)?.status).toBeUndefined();
  });

  it('that is cut in the middle of the answer hides that it is done', async () => {
    simulator.misbehave({ fault: { kind: 'cut' }, route: PUT });
    await expect(complete()).rejects.toThrow();
    expect(status()).toBe('completed');
  });

  it('that hangs is answered by nothing, until whoever waits gives up or the stand-in is closed', async () => {
    const hanging = await startSimulator();
    hanging.misbehave({ fault: { kind: 'hang' } });
    const asked = expect(ask(hanging, '/v1/identity')).rejects.toThrow('fetch failed');
    await expect.poll(() => hanging.requests.length).toBe(1);
    await hanging.close();
    await asked;
  });

  it('that is slow answers in the end', async () => {
    simulator.misbehave({ fault: { kind: 'delay', ms: 30 }, route: PUT });
    simulator.misbehave({ fault: { kind: 'delay', ms: 30 }, route: PUT, when: 'after' });
    const from = performance.now();
    expect((await complete()).status).toBe(200);
    expect(performance.now() - from).toBeGreaterThan(55);
  });
});

describe('an answer', () => {
  it('can be a page of HTML', async () => {
    simulator.misbehave({ fault: { kind: 'html', status: 502 } });
    const answer = await complete();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8']);
  });

  it('can be half of the JSON, of a write that is done', async () => {
    simulator.misbehave({ fault: { kind: 'truncated' } });
    const answer = await complete();
    expect([answer.status, answer.body]).toEqual([200, undefined]);
    expect(answer.text).toMatch(/^\{"follow_up":/);
    expect(status()).toBe('completed');
  });

  it('can be other JSON', async () => {
    simulator.misbehave({ fault: { kind: 'garbage' }, when: 'after' });
    const answer = await complete();
    expect([answer.status, at(answer.body, 'follow_up')]).toEqual([200, undefined]);
  });

  it('can be an empty 404', async () => {
    simulator.misbehave({ fault: { kind: 'empty-404' } });
    expect(await complete()).toMatchObject({ status: 404, text: '' });
  });
});

describe('a misbehaviour', () => {
  const identities = async (n: number) => {
    const answers = [];
    for (let i = 0; i < n; i += 1) answers.push((await ask(simulator, '/v1/identity')).status);
    return answers;
  };
  const fault = { kind: 'status', status: 500 } as const;

  it('happens once where nothing else is said, on its route only', async () => {
    simulator.misbehave({ fault, route: PUT });
    expect(await identities(1)).toEqual([200]);
    expect((await complete()).status).toBe(500);
    expect((await complete()).status).toBe(200);
  });

  it('happens so many times, after so many calls in peace', async () => {
    simulator.misbehave({ fault, skip: 1, times: 2 });
    expect(await identities(4)).toEqual([200, 500, 500, 200]);
  });

  it('ends when it is told to', async () => {
    const stop = simulator.misbehave({ fault, times: 9 });
    expect(await identities(1)).toEqual([500]);
    stop();
    simulator.misbehave({ fault: { ...fault, status: 503 }, chance: 1 });
    expect(await identities(2)).toEqual([503, 503]);
    simulator.behave();
    expect(await identities(1)).toEqual([200]);
  });

  it('with a chance strikes the same calls for the same seed', async () => {
    simulator.misbehave({ fault, chance: 0.5 });
    const first = await identities(20);
    expect(new Set(first)).toEqual(new Set([200, 500]));
    const again = await startSimulator({ rateLimit: false, seed: 7 });
    again.misbehave({ fault, chance: 0.5 });
    const second = [];
    for (let i = 0; i < 20; i += 1) second.push((await ask(again, '/v1/identity')).status);
    await again.close();
    expect(second).toEqual(first);
  });
});

it('what an observer throws is thrown when the stand-in is closed', async () => {
  const observed = await startSimulator({
    onExchange: () => {
      throw new Error('not as agreed');
    },
  });
  expect((await ask(observed, '/v1/identity')).status).toBe(200);
  await expect(observed.close()).rejects.toThrow('not as agreed');
});
