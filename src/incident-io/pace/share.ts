import { sleep as realSleep, type Sleep } from '../../sleep.ts';
import { announcedBy, type Limit, rate } from './announced-limit.ts';
import { FIRST_LIMIT, type Pace } from './pace.ts';

/**
 * A pace that takes at most a share of incident.io's rate limit, for work that may take long and must leave room for what
 * is urgent: its calls are spread evenly, so that no window has more than the share of it. The limits are those that the
 * answers announce. `clock` (ms) has to be one that is never set back.
 */
export function shareOf(
  pace: Pace,
  share: number,
  { sleep = realSleep, clock = () => performance.now() }: { sleep?: Sleep; clock?: () => number } = {},
): Pace {
  const between = (limit: Limit) => 1 / (rate(limit) * share);
  const all = { every: between(FIRST_LIMIT), next: 0 };
  const routes = new Map<string, { every: number; next: number }>();
  return {
    async take(route, signal, patience) {
      const now = clock();
      const kept = [all, ...(routes.has(route) ? [routes.get(route) ?? all] : [])];
      const at = Math.max(now, ...kept.map(({ next }) => next));
      for (const one of kept) one.next = at + one.every;
      if (at > now) await sleep(at - now, signal);
      const turn = await pace.take(route, signal, patience);
      return {
        ...turn,
        async answered(headers) {
          const announced = announcedBy(headers);
          if (announced !== undefined) all.every = between(announced.key);
          if (announced?.route !== undefined) {
            const every = between(announced.route);
            routes.set(route, { every, next: routes.get(route)?.next ?? clock() + every });
          }
          await turn.answered(headers);
        },
      };
    },
  };
}
