import { randomUUID } from 'node:crypto';
import { onTick } from '../aligned-timer.ts';
import { settledWithin } from '../deadline.ts';
import type { Logger } from '../log.ts';
import type { LivePolicy } from '../policy/live-policy.ts';
import { policyDigest, policyInWords } from '../policy/read-policy.ts';
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

/** What a process with these settings does, asked anew for each note. */
export function noteOf(
  settings: Settings,
  { receive, work, policy }: { receive: boolean; work: boolean; policy: LivePolicy },
): () => ProcessNote {
  const { webhookSecrets, handshakes, trackerAccess, dryRun, sweepEvery } = settings;
  const id = randomUUID();
  const takes = [...Object.keys(webhookSecrets), ...handshakes];
  return () => {
    const { current, problem } = policy;
    const decidesBy = {
      ...{ digest: policyDigest(current), words: policyInWords(current) },
      ...(problem !== undefined && { problem }),
    };
    return {
      id,
      ...(receive && { takes }),
      ...(work && {
        works: { dryRun, sweepEvery, asks: Object.keys(trackerAccess), policy: decidesBy },
      }),
    };
  };
}

/** Notes what this process does, now and again and again, until it is closed. A store that does not take it gets it next time. */
export function keepNoted(note: () => ProcessNote, { store, log, now, every = NOTE_EVERY }: NotingDeps) {
  let writing: Promise<void> = Promise.resolve();
  const write = () => {
    writing = writing
      .then(() => noteProcess(note(), store, now()))
      .catch((err: unknown) =>
        log.debug({ err }, 'what this process does could not be noted; it is tried again'),
      );
    return writing;
  };
  const end = onTick(every, () => void write());
  void write();
  return {
    /** Now, since what it does is other than before. */
    again: () => void write(),
    async close(): Promise<void> {
      end();
      const last = writing.then(() => forgetProcess(note().id, store));
      await settledWithin(last, LAST_WITHIN);
      last.catch((err: unknown) => log.debug({ err }, 'that this process ended could not be noted'));
    },
  };
}
