import { createServer } from 'node:http';
import { z } from 'zod';
import { github } from '../../src/trackers/github/index.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadResult,
  TrackerAccessError,
  TrackerBusyError,
} from '../../src/trackers/read-back.ts';
import type { Tracker } from '../../src/trackers/tracker.ts';
import type { TaskEvent, TaskKey } from '../../src/vocabulary.ts';

/** What the stand-in says of one task. */
export type Told = Partial<
  Pick<TaskEvent, 'state' | 'by' | 'occurredAt' | 'reopened' | 'canonical' | 'task'>
>;

/** What it does instead of telling. */
export type Trouble =
  | { kind: 'down' }
  | { kind: 'refused' }
  /** 200, and nothing that can be read. */
  | { kind: 'garbled' }
  | { kind: 'busy'; retryAt: number }
  | { kind: 'elsewhere'; url: string };

/** GitHub with an API of its own over real HTTP, so that a test decides what it tells of tasks, and whether. */
export interface FakeTracker {
  tracker: Tracker;
  url: string;
  token: string;
  /** By task key; a task that is not here is not found. */
  tasks: Map<TaskKey, Told>;
  /** `undefined`: it tells. */
  trouble: Trouble | undefined;
  /** Tasks for which a call is answered 500, whatever else it asks for. */
  poison: Set<TaskKey>;
  /** Sent with every answer, if any. */
  retryAfter: string | undefined;
  /** What each call asked for. */
  calls: TaskKey[][];
  close(): Promise<void>;
}

const MOST = 3;
const told = z.object({
  state: z.enum(['done', 'declined', 'open', 'deleted']).default('open'),
  by: z.enum(['person', 'automation', 'unknown']).default('unknown'),
  occurredAt: z.number().optional(),
  reopened: z.boolean().optional(),
  canonical: z.string().optional(),
  task: z.string().optional(),
});
const answer = z.object({ tasks: z.record(z.string(), told), next: z.string().optional() });

export async function startFakeTracker(): Promise<FakeTracker> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const asked = z.array(z.string()).parse(JSON.parse(body));
    fake.calls.push(asked);
    const { trouble } = fake;
    if (fake.retryAfter !== undefined) response.setHeader('retry-after', fake.retryAfter);
    if (trouble?.kind === 'garbled') return response.end('<html>');
    if (trouble?.kind === 'down') return request.socket.destroy();
    if (trouble?.kind === 'refused' || request.headers.authorization !== `Bearer ${fake.token}`)
      return response.writeHead(401).end();
    if (trouble?.kind === 'busy') return response.writeHead(429, { reset: String(trouble.retryAt) }).end();
    if (asked.some((task) => fake.poison.has(task))) return response.writeHead(500).end('a page');
    const known = asked.flatMap((task) => {
      const entry = fake.tasks.get(task);
      return entry === undefined ? [] : [[task, entry] as const];
    });
    const next = trouble?.kind === 'elsewhere' ? trouble.url : undefined;
    response.end(JSON.stringify({ tasks: Object.fromEntries(known), next }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in listens on no port');
  const fake: FakeTracker = {
    tracker: {
      ...github,
      readBack: {
        tokenDoc: 'a token',
        most: MOST,
        covers: (task) => !task.includes('elsewhere.example'),
        read,
      },
    },
    url: `http://127.0.0.1:${address.port}`,
    token: 'canary-token-5b1c',
    tasks: new Map(),
    trouble: undefined,
    poison: new Set(),
    retryAfter: undefined,
    calls: [],
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

async function read(tasks: readonly TaskKey[], { token, urls, now, send }: ApiAccess): Promise<ReadResult> {
  const [url = ''] = urls;
  const ask = async (at: string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return send({ method: 'POST', url: at, headers, body: JSON.stringify(tasks) });
  };
  const { status, headers, body } = await ask(url);
  if (status === 401) throw new TrackerAccessError(`the token ${token} is not valid (401)`);
  if (status === 429) throw new TrackerBusyError('its rate limit is used up', Number(headers.reset));
  if (status >= 500) throw new Error(`GitHub could not answer (${status})`);
  const { tasks: known, next } = answer.parse(JSON.parse(body));
  if (next !== undefined) await ask(next);
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  for (const key of tasks) {
    const entry = known[key];
    if (entry === undefined) unreadable.set(key, 'not found');
    else {
      const { task = key, ...rest } = entry;
      events.set(key, {
        tracker: 'github',
        aliases: task === key ? [] : [key],
        ...rest,
        task,
        delivery: READ_BACK,
        receivedAt: now,
      });
    }
  }
  return { events, unreadable };
}
