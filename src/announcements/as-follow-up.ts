import type { Clock } from '../clock.ts';
import type { IncidentIoAnnouncer, IncidentIoReader } from '../incident-io/api.ts';
import {
  IncidentIoError,
  NotFoundError,
  RateLimitedError,
  RefusedError,
  UnclearError,
} from '../incident-io/errors.ts';
import { askedMode } from '../review/gather.ts';
import type { ReopenedTask } from '../store/notices/reopened.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp, TaskKey } from '../vocabulary.ts';
import { AnnounceLaterError, CannotAnnounceError, type Post } from './posting.ts';

export interface AsFollowUpDeps {
  reader: Pick<IncidentIoReader, 'incident' | 'followUpsOf'>;
  announcer: Pick<IncidentIoAnnouncer, 'createFollowUpFrom'>;
  store: Store;
  clock: Clock;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  /** Whether it makes sense to call incident.io now. */
  keyWorks(): boolean;
  /** Called with a key that was rejected. */
  onFailure(error: unknown): Promise<void>;
}

/** How often to check again while the key's state is unknown, ms. */
const KEY_REST = 30_000;

/**
 * Makes a follow-up in incident.io that is connected to the task, unless one came since: ours of an attempt whose answer
 * was lost, or somebody's, who needs no second. Remembers which it is, since it is nobody's reason to close the incident.
 */
export function makeFollowUp(deps: AsFollowUpDeps): Post {
  const { reader, announcer, store, clock, keyWorks, onFailure, taskKeyOf } = deps;
  return async ({ announcement, mayPost }) => {
    const { incident: id, closure, reopened } = announcement;
    if (closure === undefined || reopened === undefined)
      throw new CannotAnnounceError('it is about no task that was opened again');
    const { url } = reopened;
    const note = (change: Partial<ReopenedTask>) =>
      store.closures.update([id], (current) =>
        current?.map((known) =>
          known.id !== closure || known.reopened === undefined
            ? known
            : {
                ...known,
                reopened: known.reopened.map((one) =>
                  one.task === reopened.task ? { ...one, ...change } : one,
                ),
              },
        ),
      );
    const givenUp = async (words: string): Promise<never> => {
      await note({ making: false });
      throw new CannotAnnounceError(words);
    };
    if (url === undefined) return givenUp('its task has no address');
    if (!keyWorks()) throw new AnnounceLaterError('the API key does not work', clock.now() + KEY_REST);
    const isIt = ({ id, reference }: FollowUp) =>
      !reopened.knew.includes(id) &&
      reference !== undefined &&
      taskKeyOf(reference.provider, reference.permalink) === reopened.task;
    try {
      const incident = await reader.incident(id);
      const there = (await reader.followUpsOf(id, askedMode(incident.mode))).find(isIt);
      if (there !== undefined) return void (await note({ made: there.id }));
      if (incident.status.category !== 'closed')
        return await givenUp('somebody opened the incident again before the follow-up was made');
      await mayPost();
      const { id: made } = await announcer.createFollowUpFrom(id, url);
      await note({ made });
    } catch (error) {
      if (error instanceof RateLimitedError) throw new AnnounceLaterError(error.message, error.retryAt);
      if (error instanceof NotFoundError || error instanceof RefusedError)
        return givenUp(`incident.io makes no follow-up from ${url}: ${error.words ?? error.message}`);
      if (error instanceof IncidentIoError && !(error instanceof UnclearError)) await onFailure(error);
      throw error;
    }
  };
}
