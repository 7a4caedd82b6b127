import { ruleFor } from '../policy/rule.ts';
import { backlogSince } from '../review/backlog.ts';
import { enoughDone } from '../review/decide.ts';
import { countFollowUps, storeIncidents } from '../review/gather.ts';
import { readObservedSince } from '../store/observed-since.ts';
import { isPrivate } from '../visibility.ts';
import type { SyncDeps } from './deps.ts';
import { followUpsOf, indexedTaskKey } from './indexed-rows.ts';
import { watchIncidents } from './watched-incidents.ts';

/**
 * Stores the incidents that were ready before the first start, as far as that is known yet: what trackers are asked for
 * later may add some. Returns how many there are.
 */
export async function storeBacklog(
  started: number,
  deps: Pick<SyncDeps, 'store' | 'api' | 'categories' | 'policy' | 'clock'>,
  stillOurs: () => Promise<void>,
): Promise<number> {
  const { store, api, categories, policy } = deps;
  const observedSince = await readObservedSince(store);
  let stored = 0;
  for await (const page of api.incidents(categories)) {
    await stillOurs();
    await storeIncidents(page, store);
    const rules = new Map(page.map((incident) => [incident.id, ruleFor(policy.rules, incident)]));
    const rule = (id: string) => {
      const found = rules.get(id);
      if (found === undefined) throw new TypeError(`the incident ${id} is not on this page`);
      return found;
    };
    const { followUps } = await countFollowUps(
      await followUpsOf([...rules.keys()], store),
      (id) => ({ rule: rule(id) }),
      { ...deps, taskKeyOf: indexedTaskKey },
    );
    const changes = page.flatMap(({ id, visibility }) => {
      const own = followUps.filter(({ followUp }) => followUp.incidentId === id);
      if (!enoughDone(own, rule(id))) return [];
      const since = backlogSince({ followUps: own, observedSince, isPrivate: isPrivate(visibility) });
      return since === undefined ? [] : [store.backlog.change(id, { at: since.at })];
    });
    await store.tables.put(changes);
    await watchIncidents(page, started, store);
    stored += changes.length;
  }
  return stored;
}
