import { expect, it } from 'vitest';
import { trackers } from '../../src/trackers/index.ts';
import { samples } from '../trackers/all-samples.ts';
import { AT, defaultsOf, delivery } from '../trackers/samples.ts';
import { running, SECRET } from './support.ts';

const secretOf = (name: string) => samples[name]?.secret ?? SECRET;
const webhookSecrets = Object.fromEntries(trackers.map(({ name }) => [name, [secretOf(name)]]));
const trackerOptions = Object.fromEntries(trackers.map((tracker) => [tracker.name, defaultsOf(tracker)]));

it.each(trackers)(
  'takes every delivery of $title over HTTP, and answers with the code that it wants',
  async (tracker) => {
    const of = samples[tracker.name];
    if (of === undefined) throw new Error(`${tracker.name} has no samples`);
    const secret = secretOf(tracker.name);
    const server = await running({ webhookSecrets, trackerOptions, clock: { now: () => AT } });
    for (const { what, payload, expected } of of.events) {
      const { body } = delivery(of, payload, secret);
      const send = (headers: Record<string, string>) =>
        fetch(`${server.url}/webhooks/${tracker.name}`, {
          method: 'POST',
          headers,
          body: new Uint8Array(body),
        });
      const answer = await send(of.headers(body, secret));
      expect(answer.status, what).toBe(tracker.answers?.accepted ?? 202);
      expect(await answer.json()).toEqual({ status: 'accepted' });
      expect(server.intake.batches.at(-1)).toMatchObject({ tasks: [{ tracker: tracker.name, ...expected }] });
      const refused = await send(of.headers(body, 'another'));
      expect(refused.status, what).toBe(tracker.answers?.refused ?? 401);
    }
    expect(server.intake.batches).toHaveLength(of.events.length);
    expect(JSON.stringify(server.lines)).not.toContain(secret);
  },
);
