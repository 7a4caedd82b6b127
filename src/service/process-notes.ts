import { randomUUID } from 'node:crypto';
import { settledWithin } from '../deadline.ts';
import type { Logger } from '../log.ts';
import type { Settings } from '../settings/settings.ts';
import { forgetProcess, NOTE_EVERY, noteProcess, type ProcessNote } from '../store/process-notes.ts';
import type { Store } from '../store/store.ts';

/** How long a stop waits for the last write, ms. */
const LAST_WITHIN = 1_000;

export interface NotingDeps {
  store: Store;
  log: Pick<Logger, 'debug'>;
  now(): number;
  every?: number;
}

/** What a process with these settings does. */
export function noteOf(
  settings: Settings,
  { receive, work }: { receive: boolean; work: boolean },
): ProcessNote {
  const { webhookSecrets, handshakes, trackerAccess, dryRun, sweepEvery } = settings;
  return {
    id: randomUUID(),
    ...(receive && { takes: [...Object.keys(webhookSecrets), ...handshakes] }),
    ...(work && { works: { dryRun, sweepEvery, asks: Object.keys(trackerAccess) } }),
  };
}

/** Notes what this process does, now and again and again, until it is closed. A store that does not take it gets it next time. */
export function keepNoted(note: ProcessNote, { store, log, now, every = NOTE_EVERY }: NotingDeps) {
  let writing: Promise<void> = Promise.resolve();
  const write = () => {
    writing = writing
      .then(() => noteProcess(note, store, now()))
      .catch((err: unknown) =>
        log.debug({ err }, 'what this process does could not be noted; it is tried again'),
      );
    return writing;
  };
  const timer = setInterval(() => void write(), every);
  timer.unref();
  void write();
  return {
    async close(): Promise<void> {
      clearInterval(timer);
      const last = writing.then(() => forgetProcess(note.id, store));
      await settledWithin(last, LAST_WITHIN);
      last.catch((err: unknown) => log.debug({ err }, 'that this process ended could not be noted'));
    },
  };
}
