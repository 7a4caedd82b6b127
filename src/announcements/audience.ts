import type { Clock } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { IncidentIoError, NotFoundError, RateLimitedError } from '../incident-io/errors.ts';
import type { Policy } from '../policy/policy.ts';
import { ruleFor } from '../policy/rule.ts';
import { storeIncidents } from '../review/gather.ts';
import type { AnnouncementPlace } from '../store/announcement-records.ts';
import type { Store } from '../store/store.ts';
import { isPrivate } from '../visibility.ts';
import { AnnounceLaterError, NotForThisPlaceError, type Posting } from './posting.ts';

export interface AudienceDeps {
  reader: Pick<IncidentIoReader, 'incident'>;
  store: Store;
  clock: Clock;
  policy: Pick<Policy, 'rules'>;
  announcePrivate: boolean;
  /** Whether it makes sense to call incident.io now. */
  keyWorks(): boolean;
  /** Called with a key that was rejected. */
  onFailure(error: unknown): Promise<void>;
}

/** Who may learn about an incident, according to incident.io right now. */
export interface Audience {
  isPrivate: boolean;
  /** The rule that turns announcements off for it. */
  silencedBy?: string;
  /** Whether its rule has operators notified of its closing. */
  isNotified?: boolean;
}

/** How often to check again while the key's state is unknown, ms. */
const KEY_REST = 30_000;

/**
 * Reads again who may know: an incident may have become private since it was closed. Throws if it cannot be read, so
 * that it is announced later rather than to the wrong people; one that the key cannot see counts as private.
 */
export async function audienceOf(incidentId: string, deps: AudienceDeps): Promise<Audience> {
  const { reader, store, clock, policy, keyWorks, onFailure } = deps;
  if (!keyWorks()) throw new AnnounceLaterError('the API key does not work', clock.now() + KEY_REST);
  try {
    const incident = await reader.incident(incidentId);
    await storeIncidents([incident], store);
    const rule = ruleFor(policy.rules, incident);
    return {
      isPrivate: isPrivate(incident.visibility),
      ...(!rule.announce && { silencedBy: rule.name }),
      ...(rule.notify && { isNotified: true }),
    };
  } catch (error) {
    if (error instanceof NotFoundError) return { isPrivate: true };
    if (error instanceof RateLimitedError) throw new AnnounceLaterError(error.message, error.retryAt);
    if (error instanceof IncidentIoError) await onFailure(error);
    throw error;
  }
}

/** The part of an announcement that this recipient may get. Throws `NotForThisPlaceError` if that is nothing. */
export function forAudience(
  announcement: Posting['announcement'],
  { kind }: Pick<AnnouncementPlace, 'kind'>,
  { isPrivate, silencedBy, isNotified = false }: Audience,
  { announcePrivate }: Pick<AudienceDeps, 'announcePrivate'>,
): Posting['announcement'] {
  if (kind === 'notification' && announcement.type === 'incident.closed' && !isNotified)
    throw new NotForThisPlaceError('no rule has operators notified of its closing');
  // What is to be done there is no announcement.
  if (kind === 'follow-up') return announcement;
  if (silencedBy !== undefined && !(kind === 'notification' && isNotified))
    throw new NotForThisPlaceError(`the rule “${silencedBy}” switches announcements off`);
  // Operators are told of a private incident by its reference alone: whoever writes that sees to it.
  if (!isPrivate || kind === 'incident' || kind === 'notification') return announcement;
  if (kind === 'webhook' && announcePrivate) return { ...announcement, body: bare(announcement.body) };
  throw new NotForThisPlaceError('the incident is private, and told nowhere outside incident.io');
}

/** A body with nothing but which incident it is about. */
function bare(body: string | undefined): string | undefined {
  if (body === undefined) return undefined;
  const { type, timestamp, data } = JSON.parse(body);
  const { id, reference } = data.incident;
  return JSON.stringify({ type, timestamp, data: { incident: { id, reference } } });
}
