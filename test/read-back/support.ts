import type { Logger } from 'pino';
import { createHttp, type Http } from '../../src/http.ts';
import { createTaskReader, type TaskReader } from '../../src/read-back/reader.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { listeningLog } from '../queue/support.ts';
import { type FakeTracker, startFakeTracker } from '../support/fake-tracker.ts';
import { T0 } from '../support/make.ts';

export const keyOf = (issue: string) => `github:github.com/${issue}`;

export interface ReadBackWorld {
  fake: FakeTracker;
  http: Http;
  reader: TaskReader;
  store: Store;
  clock: { time: number; now(): number };
  log: Logger;
  lines: string[];
  close(): Promise<void>;
}

/** A reader with a store in memory, a clock that a test moves, and a tracker over real HTTP. */
export async function openReader(): Promise<ReadBackWorld> {
  const fake = await startFakeTracker();
  const clock = { time: T0, now: () => clock.time };
  const store = new Store(createMemoryTables(clock));
  const http = createHttp({ total: 5_000 });
  const parts = { fake, clock, store, http, ...listeningLog() };
  const close = async () => {
    await http.close();
    await fake.close();
  };
  return { ...parts, reader: readerOf(parts, [fake.url]), close };
}

/** A reader whose tracker is set to be at these addresses. */
export function readerOf(world: Omit<ReadBackWorld, 'reader' | 'close'>, urls: string[]): TaskReader {
  const access = { github: { token: world.fake.token, urls } };
  return createTaskReader({ ...world, trackers: [world.fake.tracker], access, options: {} });
}
