import type { Backend } from '../queue/backend.ts';
import type { Store } from '../store/store.ts';
import { ago, type Finding, messageOf, ok, trouble, warning } from './finding.ts';

const ABOUT = 'queue';
/** A worker syncs once a minute at least; this long without one, none is at work, ms. */
const SILENT = 5 * 60_000;

/** Whether queue and store take and keep what they are given, and whether anybody works on it. */
export async function queueFindings(backend: Backend, store: Store, now: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    await backend.ping();
    // A place that can only be read answers a ping, but does not take this.
    await store.meta.put('doctor', now);
    findings.push(ok(ABOUT, `${await backend.describe()} takes and keeps what it is given`));
    for (const { words, grave } of await backend.warnings())
      findings.push(grave ? trouble(ABOUT, words) : warning(ABOUT, words));
    const counts = await backend.counts();
    const failed = Object.values(counts).reduce((sum, queue) => sum + (queue.failed ?? 0), 0);
    if (failed > 0)
      findings.push(
        warning(
          ABOUT,
          `${failed} ${failed === 1 ? 'job has' : 'jobs have'} failed for good: the log says why`,
        ),
      );
    findings.push(await workerFinding(store, now));
  } catch (error) {
    findings.push(trouble(ABOUT, `${messageOf(error)}. Check QUEUE_URL, and whether its server runs`));
  }
  return findings;
}

async function workerFinding(store: Store, now: number): Promise<Finding> {
  const about = 'worker';
  const known = await store.meta.getMany(['first-sync-finished', 'last-sync']);
  if (!known.has('first-sync-finished'))
    return warning(
      about,
      'the first sync with incident.io has not ended here yet, so nothing is closed: run `start` or `work`',
    );
  const last = Number(known.get('last-sync') ?? 0);
  const words = `last read from incident.io ${ago(last, now)}`;
  return now - last > SILENT
    ? warning(
        about,
        `${words}: no worker seems to run, or it cannot read; run \`start\` or \`work\`, and look at its log`,
      )
    : ok(about, words);
}
