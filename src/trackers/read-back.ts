/**
 * How a tracker is asked for the states of tasks: what makes good lost webhooks, and what webhooks without a
 * state need. An answer that could not be read is no answer: then everything here throws, or says so by task.
 */
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import type { TrackerOptions } from './tracker.ts';

export interface ReadBack {
  /** Where the tracker is, unless its URL is set; absent: it has to be set beside the token. */
  defaultUrl?: string;
  /** What the token is and may do, one line of Markdown for the README. */
  tokenDoc: string;
  /** How many tasks one call asks for at most. */
  most: number;
  /**
   * The origins (`https://api.github.com`) where the API of a tracker at `url` answers; absent: that of `url` itself.
   * A request to any other is refused, so that the token goes nowhere else.
   */
  apiOrigins?(url: string): readonly string[];
  /** Whether a task is in a tracker at one of these addresses; absent: each is. One that is not is never asked for. */
  covers?(task: TaskKey, urls: readonly string[]): boolean;
  /**
   * Reads what the tracker says of these tasks now. `occurredAt` is when the state became what it is, and never when
   * the task was touched last: absent where the API does not tell, which is no news where the state stands. Throws where nothing could be read: `TrackerBusyError` for a rate
   * limit, `TrackerAccessError` where a person has to act, any other error where trying again can help.
   */
  read(tasks: readonly TaskKey[], access: Access): Promise<Reading>;
}

/** What the tracker said. Each task that was asked for is in one of the two. */
export interface Reading {
  /** By the key that was asked for. A task that moved has its new key, and the one asked for as an alias. */
  events: ReadonlyMap<TaskKey, TaskEvent>;
  /** Tasks whose state could not be told, each with the reason: not found, not visible, or on a host that is not ours. */
  unread: ReadonlyMap<TaskKey, string>;
}

export interface Access {
  token: string;
  /** Base addresses without a slash at the end. The token is sent to these and to nobody else. */
  urls: readonly string[];
  options: TrackerOptions;
  /** ms, our clock. */
  now: number;
  send(request: TrackerRequest): Promise<TrackerAnswer>;
}

export interface TrackerRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: string;
}

export interface TrackerAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** The `delivery` of a task event that was read and not delivered. */
export const READ_BACK = 'read-back';

/** The tracker's rate limit is used up. */
export class TrackerBusyError extends Error {
  override readonly name = 'TrackerBusyError';
  /** ms, our clock. */
  readonly retryAt: number;
  constructor(message: string, retryAt: number) {
    super(message);
    this.retryAt = retryAt;
  }
}

/** The token is refused, or may not do this: no call can succeed until a person acts. */
export class TrackerAccessError extends Error {
  override readonly name = 'TrackerAccessError';
}
