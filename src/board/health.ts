import type { StoreContext } from '../context/context.ts';
import { formatTime } from '../format-time.ts';
import { describeOutage, readOutage } from '../incident-io/outage.ts';
import { readKeyReport } from '../store/notices/key-report.ts';
import { describeLostStore, readLostStore } from '../store/notices/lost-store.ts';
import { type KnownWorkers, policiesInWords, policiesOf } from '../store/process-notes.ts';

/** One part that has to work. `unknown`: not known yet. */
export interface Health {
  name: string;
  is: 'well' | 'bad' | 'unknown';
  words: string;
}

const TITLES = { embedded: 'the embedded folder', redis: 'Redis', postgres: 'PostgreSQL', none: 'no store' };
/** A sweep takes some time, and is postponed a few seconds after a failure, ms. */
const SWEEP_GRACE = 10 * 60_000;

/** Whether queue, key and sweep work, as far as store and queue show. */
export async function healthOf(context: StoreContext, workers: KnownWorkers): Promise<Health[]> {
  const lost = await storeHealth(context);
  return Promise.all([
    queueHealth(context),
    keyHealth(context),
    sweepHealth(context, workers),
    ...policyHealth(workers),
    ...lost,
  ]);
}

/** Nothing but that it lost what it held, within the last day. */
async function storeHealth({ store, clock }: StoreContext): Promise<Health[]> {
  const lost = await readLostStore(store, clock.now());
  return lost === undefined ? [] : [{ name: 'Store', is: 'bad', words: describeLostStore(lost) }];
}

/** By what the workers say of themselves; nothing where none of this release runs. */
export function policyHealth(workers: KnownWorkers): Health[] {
  const name = 'Policy';
  const policies = policiesOf(workers);
  const [first] = policies;
  if (first === undefined) return [];
  const bad = policies.find(({ problem }) => problem !== undefined)?.problem ?? policiesInWords(policies);
  return [bad === undefined ? { name, is: 'well', words: first.words } : { name, is: 'bad', words: bad }];
}

async function queueHealth({ backend }: StoreContext): Promise<Health> {
  try {
    await backend.ping();
  } catch (error) {
    return { name: 'Queue', is: 'bad', words: error instanceof Error ? error.message : String(error) };
  }
  const { events, reviews } = await backend.counts();
  return { name: 'Queue', is: 'well', words: `${TITLES[backend.kind]} answers, ${queued(events, reviews)}` };
}

/** `queue empty`, `3 events and 1 review queued` */
export function queued(events: Record<string, number>, reviews: Record<string, number>): string {
  const [some = 0, others = 0] = [events, reviews].map(({ waiting = 0, active = 0 }) => waiting + active);
  if (some + others === 0) return 'queue empty';
  return `${some} ${some === 1 ? 'event' : 'events'} and ${others} ${others === 1 ? 'review' : 'reviews'} queued`;
}

async function keyHealth({ store }: StoreContext): Promise<Health> {
  const report = await readKeyReport(store);
  if (report === undefined)
    return { name: 'API key', is: 'unknown', words: 'no worker has tried it yet: is one running?' };
  return { name: 'API key', is: report.works ? 'well' : 'bad', words: report.words };
}

/** By what the workers say of themselves: this process may be a receiver, with other settings. */
export async function sweepHealth(
  { store, clock }: Pick<StoreContext, 'store' | 'clock'>,
  { modes, workedAt }: KnownWorkers,
): Promise<Health> {
  const name = 'Sync with incident.io';
  const trouble = await readOutage(store, clock.now());
  if (trouble !== undefined) return { name, is: 'bad', words: describeOutage(trouble) };
  const known = await store.meta.getMany(['last-sync', 'last-sweep']);
  if (!(await store.synced()))
    return {
      name,
      is: 'unknown',
      words: 'the first one is still under way: nothing is closed before it ends',
    };
  const last = Number(known.get('last-sweep') ?? 0);
  if (last === 0) return { name, is: 'unknown', words: 'no sweep has ended yet' };
  if (modes.length === 0)
    return {
      name,
      is: workedAt === undefined ? 'unknown' : 'bad',
      words: `the last sweep ended ${formatTime(last)}, and ${workedAt === undefined ? 'no worker has noted when the next is due: is one running, of this release?' : `no worker has been running since ${formatTime(workedAt)}`}`,
    };
  const late = clock.now() - last > Math.min(...modes.map(({ sweepEvery }) => sweepEvery)) + SWEEP_GRACE;
  return late
    ? { name, is: 'bad', words: `no sweep has ended since ${formatTime(last)}: is a worker running?` }
    : { name, is: 'well', words: `all incidents were last checked at ${formatTime(last)}` };
}
