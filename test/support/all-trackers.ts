import { z } from 'zod';
import { prefixOf } from '../../src/settings/rows.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { PROVIDERS } from '../../src/simulator/types.ts';
import { sleep } from '../../src/sleep.ts';
import { trackers } from '../../src/trackers/index.ts';
import { signed } from '../../src/trackers/standard-webhooks.ts';
import { samples } from '../trackers/all-samples.ts';

/** Every tracker that there is with its sample payloads, signed and sent just now to a service that runs. */

/** Those whose API can be asked. */
export const asked = trackers.filter(({ readBack }) => readBack !== undefined);

/** The secret of a source, by its name. */
export type Secrets = (source: string) => string;

/** What has to be set for all of them. */
export function trackerSettings(secretOf: Secrets, tokenOf: Secrets, apiUrl: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const { name } of trackers) settings[`${prefixOf(name)}_WEBHOOK_SECRET`] = secretOf(name);
  for (const { name } of asked) {
    settings[`${prefixOf(name)}_API_TOKEN`] = tokenOf(name);
    settings[`${prefixOf(name)}_URL`] = name === 'azure-devops' ? `${apiUrl}/acme` : apiUrl;
  }
  return settings;
}

/** The same value with every address in it at another host, and sent just now. */
export function pointing(value: unknown, at: string | undefined): unknown {
  const text = JSON.stringify(value).replaceAll(/("webhookTimestamp":)\d+/g, `$1${Date.now()}`);
  return JSON.parse(at === undefined ? text : text.replaceAll(/https?:\/\/[^/\s"\\]+/g, at));
}

/** An incident with one follow-up, whose task is in that tracker, at that host or at its own. */
export function incidentIn(incidentIo: Simulator, name: string, at: string | undefined): string {
  const tracker = trackers.find((one) => one.name === name);
  const provider = PROVIDERS.find((one) => tracker?.providers.includes(one));
  if (provider === undefined) throw new Error(`incident.io does not know ${name}`);
  const permalink = z.string().parse(pointing(samples[name]?.permalinks[0]?.[0], at));
  const { id } = incidentIo.createIncident({ name: `${name} at ${at ?? 'its own host'}` });
  const reference = { provider, name: 'a task', permalink };
  incidentIo.createFollowUp({ incident: id, title: 'Do it', reference });
  return id;
}

/** All sample payloads of a tracker. */
export function payloadsOf(name: string): unknown[] {
  const { events = [], hints = [] } = samples[name] ?? {};
  return [...hints, ...events].map(({ payload }) => payload);
}

/** ms */
const QUEUE_IS_SLOW = 3_000;

/** Sends it signed; answers what became of it. */
export async function deliver(
  url: string,
  name: string,
  payload: unknown,
  secret: string,
): Promise<{ status: number; text: string }> {
  const body = JSON.stringify(payload);
  const end = Date.now() + QUEUE_IS_SLOW;
  for (;;) {
    const init = { method: 'POST', headers: headersOf(name, body, secret), body };
    const answer = await fetch(`${url}/webhooks/${name}`, init);
    const text = await answer.text();
    // A receiver whose queue is slow just now asks for another try; one that refuses Azure DevOps answers so for good.
    if (answer.status !== 503 || Date.now() > end) return { status: answer.status, text };
    await sleep(100);
  }
}

function headersOf(name: string, body: string, secret: string): Record<string, string> {
  const own = samples[name]?.headers(Buffer.from(body), secret) ?? {};
  const isTimed = samples[name] === undefined || own['webhook-signature'] !== undefined;
  return isTimed ? { ...own, ...signed(body, secret, Date.now()).headers } : own;
}
