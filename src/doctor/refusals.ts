import type { StoreContext } from '../context/context.ts';
import { sourceNames, standingRefusals, strayDeliveries } from '../operations/refusals.ts';
import { DeliveryLog, NO_TRACKER } from '../store/delivery-log.ts';
import { sources } from '../trackers/index.ts';
import { type Finding, messageOf, trouble, warning } from './finding.ts';

/**
 * Deliveries that were refused and that nothing since made good. One that names itself as the tracker's webhooks do is
 * trouble; whoever else sends something may be a stranger.
 */
export async function refusalFindings({
  store,
  clock,
}: Pick<StoreContext, 'store' | 'clock'>): Promise<Finding[]> {
  const now = clock.now();
  const standings = await new DeliveryLog(store.tables)
    .standingOf([...sourceNames(), NO_TRACKER], now)
    .catch(messageOf);
  if (typeof standings === 'string')
    return [warning('webhooks', `whether deliveries were refused cannot be read: ${standings}`)];
  const stray = strayDeliveries(standings.get(NO_TRACKER), now).map((words) => warning('webhooks', words));
  const refused = sources.flatMap((source) =>
    standingRefusals(source, standings.get(source.name), now).map(({ isNewest, isNamed, words }) =>
      (isNewest && isNamed ? trouble : warning)(source.name, words),
    ),
  );
  return [...refused, ...stray];
}
