import { isOver } from '../clock.ts';
import { askedMode } from '../review/gather.ts';
import type { SyncDeps } from './deps.ts';
import { indexedRowsOf } from './indexed-rows.ts';
import { takeIn } from './take-in.ts';

/** How often follow-ups without a link are read again at most, ms, and of how many incidents then: a call each. */
const CHECK_EVERY = 5 * 60_000;
const AT_MOST = 100;

const WANTED = 'links-wanted';
const LOOKED_AT = 'links-looked-at';
const LOOKED_TO = 'links-looked-to';

/**
 * Reads the outstanding follow-ups without a link again, if a task that has none was reported since the last look: an
 * issue that is connected to a follow-up later does not always move its `updated_at`, so that no sync would find it
 * before the next full one. Newest incidents first; what exceeds one look is left to the next. Returns how many reviews
 * it woke.
 */
export async function lookForLinks(deps: SyncDeps, keepLease: () => Promise<void>): Promise<number> {
  const { store, api, clock } = deps;
  const known = await store.meta.getMany([WANTED, LOOKED_AT, LOOKED_TO]);
  const wanted = known.get(WANTED);
  if (wanted === undefined || !isOver(Number(known.get(LOOKED_AT) ?? 0), CHECK_EVERY, clock.now())) return 0;
  const lastOne = known.get(LOOKED_TO);
  const left = (await withoutLink(deps)).filter((id) => lastOne === undefined || id < String(lastOne));
  const incidents = left.slice(0, AT_MOST);
  const records = await store.incidents.getMany(incidents);
  let woken = 0;
  for (const id of incidents) {
    await keepLease();
    woken += (await takeIn(await api.followUpsOf(id, askedMode(records.get(id)?.mode)), deps)).woken;
  }
  const rest = left.length > incidents.length ? incidents.at(-1) : undefined;
  await store.meta.update([LOOKED_TO], () => rest);
  await store.meta.put(LOOKED_AT, clock.now());
  // A task that was reported meanwhile is looked for next time.
  if (rest === undefined)
    await store.meta.update([WANTED], (request) => (request === wanted ? undefined : request));
  return woken;
}

/** The open incidents with an outstanding follow-up that names no issue, newest first. */
async function withoutLink({ store }: SyncDeps): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.sections.all()) {
    const rows = await indexedRowsOf(
      page.map(({ id }) => id),
      store,
    );
    for (const [incident, list] of rows)
      if (
        list.some(
          ({ row }) => row.status === 'outstanding' && row.task === undefined && row.url === undefined,
        )
      )
        found.push(incident);
  }
  // Ids begin with the time at which they were made.
  return found.sort().reverse();
}
