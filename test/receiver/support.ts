import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { createLogger } from '../../src/log.ts';
import type { EventIntake } from '../../src/queue/queues.ts';
import { createServer } from '../../src/receiver/server.ts';
import { sources } from '../../src/trackers/index.ts';
import type { EventBatch } from '../../src/vocabulary.ts';
import { PATIENCE } from '../support/patience.ts';
import { closed } from '../trackers/github/payloads.ts';
import { github } from '../trackers/github/samples.ts';
import { delivery } from '../trackers/samples.ts';

export const SECRET = 'canary-77aa';

/** A queue in memory that does what `behave` says for each add, and remembers what it took. */
export class FakeIntake implements EventIntake {
  readonly batches: EventBatch[] = [];
  /** Of these, the ones that go behind others. */
  readonly behind = new Set<EventBatch>();
  behave: (batch: EventBatch) => Promise<void> = async () => {};
  calls = 0;

  async add(batch: EventBatch, { behind = false } = {}): Promise<void> {
    this.calls += 1;
    if (behind) this.behind.add(batch);
    await this.behave(batch);
    this.batches.push(batch);
  }

  get deliveries(): string[] {
    return this.batches.flatMap(({ tasks }) => tasks.map((event) => event.delivery));
  }
}

/** A promise that is settled by hand. */
export function gate(): { opened: Promise<void>; open(): void; fail(error: Error): void } {
  let open = (): void => {};
  let fail = (_: Error): void => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open: () => open(), fail: (error) => fail(error) };
}

export interface Running {
  app: FastifyInstance;
  url: string;
  intake: FakeIntake;
  /** The lines of the log. */
  lines: Record<string, unknown>[];
  raw(): Promise<Raw>;
}

/** A connection that sends what it likes and keeps all that comes back. */
export interface Raw {
  socket: Socket;
  text(): string;
  closed: Promise<unknown>;
}

/** What a receiver is given that is all in memory. */
export function inMemory(intake = new FakeIntake()) {
  return {
    sources,
    webhookSecrets: { github: [SECRET] },
    intake,
    clock: { now: () => Date.parse('2026-03-01T12:00:00Z') },
    ready: async () => ({ ok: true, problems: [] }),
    // Tests hold the queue up by hand, for as long as they need.
    queueDeadline: PATIENCE,
  };
}

/** A receiver that ends with its test. */
export async function running(options: Partial<Parameters<typeof createServer>[0]> = {}): Promise<Running> {
  const intake = new FakeIntake();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('trace', {
    pretty: false,
    destination: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const app = createServer({ ...inMemory(intake), log, ...options });
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const raw = async (): Promise<Raw> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return {
      socket,
      text: () => Buffer.concat(chunks).toString('latin1'),
      closed: new Promise((resolve) => socket.once('close', resolve)),
    };
  };
  return { app, url, intake, lines, raw };
}

export function signed(payload: unknown = closed('completed'), secret = SECRET) {
  const { body, headers } = delivery(github, payload, secret);
  return {
    body,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  };
}

/** Posts a signed delivery; `headers` and `body` replace parts of it. */
export function post(
  url: string,
  change: { payload?: unknown; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<Response> {
  const { body, headers } = signed(change.payload);
  return fetch(`${url}/webhooks/github`, {
    method: 'POST',
    headers: { ...headers, ...change.headers },
    body: new Uint8Array(change.body ?? body),
  });
}
