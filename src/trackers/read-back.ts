/**
 * How to read the states of tasks from a tracker: recovers lost webhooks, and is needed for webhooks without a state. An
 * answer that could not be parsed is no answer: then everything here throws, or reports it per task.
 */
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import type { TrackerOptions } from './options.ts';

export { READ_BACK } from '../vocabulary.ts';

export interface ReadBack {
  /** Where the tracker is, unless its URL is set; absent: it has to be set along with the token. */
  defaultUrl?: string;
  /** What the token is and may do, one line of Markdown for docs/settings.md. */
  tokenDoc: string;
  /** The maximum number of tasks per call. */
  most: number;
  /**
   * The origins (`https://api.github.com`) where the API of a tracker at `url` answers; absent: that of `url` itself.
   * Requests to any other are refused, so that the token goes nowhere else.
   */
  apiOrigins?(url: string): readonly string[];
  /** Whether a task is in a tracker at one of these addresses; absent: always. If not, it is never read. */
  covers?(task: TaskKey, urls: readonly string[]): boolean;
  /**
   * Reads the current states of these tasks. `occurredAt` is when the state became what it is, never when the task was
   * last touched; absent if the API does not say, which is no news if it is the standing state. Throws if nothing could
   * be read: `TrackerBusyError` for a rate limit, `TrackerAccessError` if a person has to act, any other error if a retry
   * can help.
   */
  read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult>;
}

/** The tracker's answer. Each task asked for is in one of the three. */
export interface ReadResult {
  /** By the key asked for. A task that moved has its new key, and the one asked for as an alias. */
  events: ReadonlyMap<TaskKey, TaskEvent>;
  /** Tasks whose state cannot be known, each with the reason: not found, not visible, or on an unknown host. */
  unreadable: ReadonlyMap<TaskKey, string>;
  /** Tasks without a usable answer, each with the reason, while others were answered. */
  failed?: ReadonlyMap<TaskKey, string>;
}

export interface ApiAccess {
  token: string;
  /** Base addresses without a trailing slash. The token is sent only to these. */
  urls: readonly string[];
  options: TrackerOptions;
  /** ms, our clock. */
  now: number;
  send(request: TrackerRequest): Promise<TrackerAnswer>;
}

export interface TrackerRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
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

/** The token is rejected, or may not do this: no call can succeed until a person acts. */
export class TrackerAccessError extends Error {
  override readonly name = 'TrackerAccessError';
}
