import { request } from 'undici';
import { expect, type TestContext, vi } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { signed } from '../receiver/support.ts';
import { freshPlaceLike, type QueuePlace } from '../support/backends.ts';
import { checkExchange } from '../support/contract.ts';
import { deliverGithub, GITHUB_SECRET, type IssueWebhook } from '../support/github.ts';
import { PATIENCE } from '../support/patience.ts';
import { prepared } from '../support/prepared.ts';
import { type Result, runProcess, startProcess, type TestProcess } from '../support/process.ts';
import { environment, followUpFor, type TestIncident } from '../support/world.ts';

/** A stand-in of incident.io in this process, and processes of the real program around one place of their own. */
export interface ProcessWorld {
  incidentIo: Simulator;
  env: Record<string, string>;
  /** An incident with a follow-up for each issue. Make them before the start, whose first sync then finds them. */
  incident(issues: string[]): TestIncident;
  /** Starts `start`, `receive` or `work`, and waits until it is ready. */
  serve(command?: Serving, over?: Record<string, string>): Promise<Served>;
  /** Starts it and waits for nothing. */
  launch(args: string[], over?: Record<string, string>): TestProcess;
  /** Runs a command to its end. */
  run(args: string[], over?: Record<string, string>): Promise<Result>;
  /** Ends all processes. */
  close(): Promise<void>;
}

export type Serving = 'start' | 'receive' | 'work';

export interface Served extends TestProcess {
  at: string;
  /** Sends a GitHub webhook, which is taken. */
  github(webhook: IssueWebhook): Promise<void>;
}

type Finish = Pick<TestContext, 'onTestFinished'>;

/** A world that ends with its test; without one, its maker closes it. */
export async function openProcessWorld(
  like: QueuePlace,
  over: Record<string, string> = {},
  simulator: SimulatorOptions = {},
  test?: Finish,
): Promise<ProcessWorld> {
  const incidentIo = await startSimulator({ onExchange: checkExchange, rateLimit: false, ...simulator });
  const place = await prepared(freshPlaceLike(like));
  const env = { ...environment(place, incidentIo), ...over };
  const started: TestProcess[] = [];
  const world: ProcessWorld = {
    incidentIo,
    env,
    incident(issues) {
      const made = incidentIo.createIncident({ name: `About ${issues.join(' and ')}` });
      const followUps = issues.map((issue) => followUpFor(incidentIo, made.id, issue));
      return { id: made.id, reference: made.reference, followUps };
    },
    launch(args, changed = {}) {
      const launched = startProcess(args, { ...env, ...changed });
      started.push(launched);
      return launched;
    },
    async serve(command = 'start', changed = {}) {
      const launched = world.launch([command], changed);
      const at = await launched.url();
      await readyz(at, { status: 200, body: { problems: [] } });
      return { ...launched, at, github: (webhook) => deliverGithub(at, webhook) };
    },
    run: (args, changed = {}) => runProcess(args, { ...env, ...changed }),
    async close() {
      await Promise.all(started.map((process) => process.kill()));
      await incidentIo.close();
    },
  };
  test?.onTestFinished(() => world.close());
  return world;
}

/** Waits until readiness is as expected. */
export async function readyz(at: string, expected: object): Promise<void> {
  // Not `expect.poll`, which works in no hook.
  await vi.waitFor(async () => expect(await get(`${at}/readyz`)).toMatchObject(expected), {
    timeout: PATIENCE,
    interval: 50,
  });
}

export async function get(url: string): Promise<{ status: number; body: unknown }> {
  const answer = await request(url);
  return { status: answer.statusCode, body: await answer.body.json() };
}

/** A line of the log about an incident: by its reference, or by its id until it was read once. */
export function about({ id, reference }: TestIncident, words: string): RegExp {
  return new RegExp(`^(${reference}|${id}): ${words}`);
}

/** Waits until incident.io shows the incident closed. */
export async function closed({ incidentIo }: ProcessWorld, { id }: TestIncident): Promise<void> {
  await expect.poll(() => incidentIo.incident(id).status.category).toBe('closed');
}

/** Settings with which a job of a killed process is taken up soon: longer than a busy machine lets a process wait. */
export const SOON = { LOCK_DURATION: '3s', STALLED_INTERVAL: '500ms' };

/** How often somebody asked to edit the incident. */
export function edits({ incidentIo }: ProcessWorld, { id }: TestIncident): number {
  return incidentIo.requests.filter(
    ({ method, path }) => (method === 'POST' || method === 'PATCH') && path.startsWith(`/v2/incidents/${id}`),
  ).length;
}

/** The changes of an incident's status that took effect. */
export function changes({ incidentIo }: ProcessWorld, { id }: TestIncident): (string | undefined)[] {
  return incidentIo.effects.filter((effect) => effect.id === id).map(({ toCategory }) => toCategory);
}

/** Sends a webhook as GitHub does; answers how it was taken. */
export async function post(at: string): Promise<{ status: number; retryAfter: string | null }> {
  const { body, headers } = signed(undefined, GITHUB_SECRET);
  const answer = await fetch(`${at}/webhooks/github`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
  });
  await answer.body?.cancel();
  return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
}
