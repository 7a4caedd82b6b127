import { mayStayOpen, ruleFor } from '../policy/rule.ts';
import { rememberIncidents } from '../review/gather.ts';
import { looksLike } from '../review/looks.ts';
import { isDone } from '../review/word.ts';
import { asFollowUp, rowsOf } from './rows.ts';
import type { SyncDeps } from './sync.ts';
import { watch } from './watch.ts';

/**
 * Notes the incidents that were ready before we came, by the statuses of their follow-ups alone, as the first
 * sync read them. One whose tracker told something since the start is none. Answers how many there are.
 */
export async function storeBacklog(
  started: number,
  { store, api, categories, policy }: Pick<SyncDeps, 'store' | 'api' | 'categories' | 'policy'>,
  stillOurs: () => Promise<void>,
): Promise<number> {
  let noted = 0;
  for await (const page of api.incidents(categories)) {
    await stillOurs();
    const rows = await rowsOf(
      page.map(({ id }) => id),
      store,
    );
    const tasks = [...rows.values()].flatMap((list) => list.flatMap(({ row }) => row.task ?? []));
    const places = await store.placesOf(tasks);
    const told = await store.tasks.getMany(places.values());
    const matters = new Map(
      page.map((incident) => {
        const rule = ruleFor(policy.rules, incident);
        const alive = (rows.get(incident.id) ?? []).filter(({ row }) => row.status !== 'deleted');
        return [
          incident.id,
          alive.filter(({ id, row }) => isDone(row.status) || !mayStayOpen(asFollowUp(id, row), rule)),
        ];
      }),
    );
    const ready = page.filter(({ id }) => {
      const alive = matters.get(id) ?? [];
      return (
        alive.length > 0 &&
        alive.every(({ row }) => isDone(row.status)) &&
        !alive.some(({ row }) => row.task !== undefined && told.has(places.get(row.task) ?? row.task))
      );
    });
    await store.tables.put(
      ready.map((incident) => {
        const followUps = (matters.get(incident.id) ?? []).map(({ id, row }) => ({
          followUp: { id, status: row.status },
        }));
        return store.backlog.change(incident.id, { looks: looksLike(incident, followUps), at: started });
      }),
    );
    await rememberIncidents(page, store);
    await watch(page, started, store);
    noted += ready.length;
  }
  return noted;
}
