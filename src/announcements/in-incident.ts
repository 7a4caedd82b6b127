import type { Clock } from '../clock.ts';
import type { IncidentIoAnnouncer, IncidentIoReader } from '../incident-io/api.ts';
import {
  IncidentIoError,
  NotFoundError,
  RateLimitedError,
  RefusedError,
  UnclearError,
} from '../incident-io/errors.ts';
import { asMarkdown } from '../trackers/comment.ts';
import { markerOf } from './marker.ts';
import { CannotTellError, type Tell, TellLaterError } from './place.ts';
import { textOf } from './text.ts';

export interface InIncidentDeps {
  reader: IncidentIoReader;
  announcer: IncidentIoAnnouncer;
  clock: Clock;
  /** Whether it makes sense to call incident.io now. */
  keyWorks(): boolean;
  /** Told of a key that was refused. */
  onFailure(error: unknown): Promise<void>;
}

/** Without a word of the key, it is looked again after this, ms. */
const KEY_REST = 30_000;

/** Posts an update in the incident, unless it is there or the incident is open again. */
export function inIncident({ reader, announcer, clock, keyWorks, onFailure }: InIncidentDeps): Tell {
  return async ({ announcement, closure, incident, mayPost }) => {
    if (closure === undefined) throw new CannotTellError('it is about no closing');
    if (!keyWorks()) throw new TellLaterError('the API key does not work', clock.now() + KEY_REST);
    const { incident: id } = announcement;
    const marker = markerOf(closure.id);
    try {
      const updates = await reader.updates(id);
      if (updates.some(({ message }) => message?.includes(marker))) return;
      // An update bears the status of the moment: that of an incident which was opened again would say nothing good.
      if ((await reader.incident(id)).status.category !== 'closed')
        throw new CannotTellError('somebody opened the incident again before it was told');
      await mayPost();
      await announcer.postUpdate(
        id,
        `${asMarkdown({ text: textOf(closure, incident) })}\n\n${marker}`,
        closure.id,
      );
    } catch (error) {
      if (error instanceof RateLimitedError) throw new TellLaterError(error.message, error.retryAt);
      if (error instanceof NotFoundError || error instanceof RefusedError)
        throw new CannotTellError(
          `incident.io takes no update by its API, or not this one: ${error.message}`,
        );
      if (error instanceof IncidentIoError && !(error instanceof UnclearError)) await onFailure(error);
      throw error;
    }
  };
}
