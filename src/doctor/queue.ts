import type { Backend } from '../queue/backend.ts';
import type { Store } from '../store/store.ts';
import { ago, type Finding, messageOf, ok, trouble, warning } from './finding.ts';

const ABOUT = 'queue';
/** A worker syncs at least once a minute; this long without a sync, none is running, ms. */
const SILENT = 5 * 60_000;

/** Whether queue and store accept and keep data, and whether any worker is running. */
export async function queueFindings(backend: Backend, store: Store, now: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (backend.rights !== undefined)
    findings.push(ok(ABOUT, `a user who is to have no other rights needs these: ${backend.rights}`));
  if (backend.missing !== undefined) findings.push(warning(ABOUT, backend.missing));
  try {
    if (backend.missing === undefined) {
      await backend.ping();
      // A read-only place answers a ping, but does not accept this.
      await store.meta.put('doctor', now);
      findings.push(ok(ABOUT, `${await backend.describe()} takes and keeps what it is given`));
    }
    for (const { words, grave } of await backend.warnings())
      findings.push(grave ? trouble(ABOUT, words) : warning(ABOUT, words));
    if (backend.missing !== undefined) return findings;
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
