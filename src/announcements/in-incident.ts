import type { Clock } from '../clock.ts';
import { markerOf, reopenedMarkerOf } from '../incident-io/announcement-marker.ts';
import type { IncidentIoAnnouncer, IncidentIoReader } from '../incident-io/api.ts';
import {
  IncidentIoError,
  NotFoundError,
  RateLimitedError,
  RefusedError,
  UnclearError,
} from '../incident-io/errors.ts';
import { asMarkdown } from '../trackers/comment.ts';
import { AnnounceLaterError, CannotAnnounceError, type Post, type Posting } from './posting.ts';
import { reopeningId } from './reopened.ts';
import { closingText, reopenedText } from './text.ts';

export interface InIncidentDeps {
  reader: Pick<IncidentIoReader, 'incident' | 'updates'>;
  announcer: Pick<IncidentIoAnnouncer, 'postUpdate'>;
  clock: Clock;
  /** Whether it makes sense to call incident.io now. */
  keyWorks(): boolean;
  /** Called with a key that was rejected. */
  onFailure(error: unknown): Promise<void>;
}

/** How often to check again while the key's state is unknown, ms. */
const KEY_REST = 30_000;

/** Posts an update in the incident, unless it is there already or the incident is open again. */
export function inIncident({ reader, announcer, clock, keyWorks, onFailure }: InIncidentDeps): Post {
  return async ({ announcement, closure, incident, mayPost }) => {
    const update = updateOf(announcement, closure, incident);
    if (!keyWorks()) throw new AnnounceLaterError('the API key does not work', clock.now() + KEY_REST);
    const { incident: id } = announcement;
    const { marker, key, text } = update;
    try {
      const updates = await reader.updates(id);
      if (updates.some(({ message }) => message?.includes(marker))) return;
      // An update carries the incident's current status: on a reopened incident it would be wrong.
      if ((await reader.incident(id)).status.category !== 'closed')
        throw new CannotAnnounceError('somebody opened the incident again before it was told');
      await mayPost();
      await announcer.postUpdate(id, `${asMarkdown(text)}\n\n${marker}`, key);
    } catch (error) {
      if (error instanceof RateLimitedError) throw new AnnounceLaterError(error.message, error.retryAt);
      if (error instanceof NotFoundError || error instanceof RefusedError)
        throw new CannotAnnounceError(
          `incident.io takes no update by its API, or not this one: ${error.message}`,
        );
      if (error instanceof IncidentIoError && !(error instanceof UnclearError)) await onFailure(error);
      throw error;
    }
  };
}

/** What is posted, the ending it is found by, and its idempotency key. */
function updateOf(
  { closure: closureId, reopened }: Posting['announcement'],
  closure: Posting['closure'],
  incident: Posting['incident'],
): { text: Parameters<typeof asMarkdown>[0]; marker: string; key: string } {
  if (reopened !== undefined && closureId !== undefined) {
    const key = reopeningId(closureId, reopened.task);
    const { url } = reopened;
    const text = { text: reopenedText(reopened), ...(url !== undefined && { url }) };
    return { text, marker: reopenedMarkerOf(key), key };
  }
  if (closure === undefined) throw new CannotAnnounceError('it is about no closing');
  return { text: { text: closingText(closure, incident) }, marker: markerOf(closure.id), key: closure.id };
}
