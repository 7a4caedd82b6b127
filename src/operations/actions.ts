import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { operatorInWords } from '../review/sentences.ts';
import { type OperatorAction, operatorAction } from '../store/history/operator-actions.ts';
import { isPrivate } from '../visibility.ts';

export const shownAction = operatorAction.extend({
  /** RFC 3339 */
  at: z.string(),
  /** Its reference if known, otherwise the full id. */
  incident: z.string().optional(),
  /** The full id of the incident. */
  id: z.string().optional(),
  /** The incident is not mentioned anywhere outside incident.io. */
  private: z.boolean().optional(),
  /** As a sentence. */
  words: z.string(),
});
export type ShownAction = z.infer<typeof shownAction>;

/** What operators did, newest first. */
export async function actions(
  limit: number,
  { store, clock }: Pick<StoreContext, 'store' | 'clock'>,
): Promise<{ actions: ShownAction[]; all: number }> {
  const { actions, all } = await store.actions.newest(limit, clock.now());
  const incidents = await store.incidents.getMany(actions.flatMap(({ incident }) => incident ?? []));
  return {
    all,
    actions: actions.map((action) => {
      const { incident: id, at, ...about } = action;
      const known = id === undefined ? undefined : incidents.get(id);
      const reference = known?.reference ?? id;
      return {
        ...about,
        at: new Date(at).toISOString(),
        ...(id !== undefined && {
          id,
          incident: reference,
          private: isPrivate(known?.about?.visibility),
        }),
        words: `${operatorInWords(action.by)} ${didInWords(action, reference)}`,
      };
    }),
  };
}

/** `held INC-123: the audit is not over` */
export function didInWords(
  { action, why, count, job }: Pick<OperatorAction, 'action' | 'why' | 'count' | 'job'>,
  what = 'it',
): string {
  switch (action) {
    case 'hold':
      return `held ${what}: ${why}`;
    case 'release':
      return `released ${what}`;
    case 'backlog':
      return 'ran sweep --backlog';
    case 'retry':
      if (job === undefined) return `retried ${count === 1 ? 'the failed job' : `all ${count} failed jobs`}`;
      return `retried the failed job ${job}${what === 'it' ? '' : ` of ${what}`}`;
  }
}
