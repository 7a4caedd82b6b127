/**
 * The errors of calls to incident.io, as a small family. Whether a retry can help is decided here once, from the status
 * and never from the text. Each message says what happened, to what, and what to do; it never contains a key or a query
 * string.
 */
export interface ErrorFacts {
  /** HTTP status; absent if no answer came. */
  status?: number;
  requestId?: string;
  code?: string;
  field?: string;
  /** The API's own message. */
  words?: string;
  cause?: unknown;
}

export abstract class IncidentIoError extends Error {
  readonly status?: number;
  readonly requestId?: string;
  readonly code?: string;
  readonly field?: string;
  readonly words?: string;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.code = facts.code;
    this.field = facts.field;
    this.words = facts.words;
  }
}

/** A read that failed temporarily: a retry can help. Nothing is known. */
export class TransientError extends IncidentIoError {
  override readonly name = 'TransientError';
}

/** A write whose outcome is unknown (timeout, reset, 5xx, 409): it may have taken effect. Read before retrying. */
export class UnclearError extends IncidentIoError {
  override readonly name = 'UnclearError';
}

/** Rate limited for longer than the client waits. The request was not processed. */
export class RateLimitedError extends IncidentIoError {
  override readonly name = 'RateLimitedError';
  readonly retryAt: number;
  constructor(message: string, facts: ErrorFacts & { retryAt: number }) {
    super(message, facts);
    this.retryAt = facts.retryAt;
  }
}

/** The API key is rejected (401): no call can succeed until a person acts. */
export class KeyRejectedError extends IncidentIoError {
  override readonly name = 'KeyRejectedError';
}

/** The key may not do this (403); `scope` if the answer names it. */
export class ForbiddenError extends IncidentIoError {
  override readonly name = 'ForbiddenError';
  readonly scope?: string;
  constructor(message: string, facts: ErrorFacts & { scope?: string }) {
    super(message, facts);
    this.scope = facts.scope;
  }
}

/** Does not exist, or is not visible to this key (404). */
export class NotFoundError extends IncidentIoError {
  override readonly name = 'NotFoundError';
}

/** incident.io refuses the request itself (400, 412, 422 and the like): the same request never succeeds. */
export class RefusedError extends IncidentIoError {
  override readonly name = 'RefusedError';
}

/** An answer that does not match the schema (not JSON, a required field missing): nothing is known. */
export class GarbledError extends IncidentIoError {
  override readonly name = 'GarbledError';
}

/** What users see; the log has the rest. */
export function inApiWords({ words, message, requestId }: IncidentIoError): string {
  if (words === undefined) return message;
  return requestId === undefined ? `“${words}”` : `“${words}” (request ${requestId})`;
}
