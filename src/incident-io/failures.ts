import { z } from 'zod';
import type { HttpAnswer, NoAnswerError } from '../http.ts';
import { parsedJson } from '../json.ts';
import { bounded } from '../outside-text.ts';
import {
  ForbiddenError,
  GarbledError,
  type IncidentIoError,
  KeyRejectedError,
  NotFoundError,
  RefusedError,
  TransientError,
  UnclearError,
} from './errors.ts';

/** What an error needs to know about the call that failed. */
export interface CallFacts {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** The address without its query. */
  url: string;
  /** What the call is for, to be read after "could not": `read incident 01H`. */
  purpose: string;
  /** Removes the API key from a text that came from outside. */
  redact: (text: string) => string;
}

/** How much of the API's own message is repeated, in characters. */
const WORDS_MAX = 500;

const optional = <S extends z.ZodType>(schema: S) => schema.optional().catch(undefined);
const errorBody = z.object({
  errors: optional(
    z.array(
      z.object({
        code: optional(z.string()),
        message: optional(z.string()),
        metadata: optional(z.object({ scope: optional(z.string()) })),
        source: optional(z.object({ field: optional(z.string()) })),
      }),
    ),
  ),
});

const named = z.object({ request_id: optional(z.string()) });

/** What an answer says about the error; nothing if its body is not incident.io's (a proxy's page). */
export function describeAnswer(call: CallFacts, answer: HttpAnswer) {
  const json = parsedJson(answer.body);
  const body = errorBody.safeParse(json).data;
  const safe = (text: string | undefined) => (text ? bounded(call.redact(text), WORDS_MAX) : undefined);
  const first = body?.errors?.[0];
  return {
    status: answer.status,
    requestId: requestIdOf(call, answer, json),
    code: safe(first?.code),
    field: safe(first?.source?.field),
    scope: safe(first?.metadata?.scope),
    words: safe(body?.errors?.flatMap((error) => error.message ?? []).join('; ')),
  };
}

/** incident.io's own id of the request, in the headers or the parsed body; its support asks for it. */
export function requestIdOf({ redact }: CallFacts, answer: HttpAnswer, body?: unknown): string | undefined {
  const id = answer.headers['x-request-id'] ?? named.safeParse(body).data?.request_id;
  return id && bounded(redact(id), WORDS_MAX);
}

/** The error for an answer with a status other than 2xx. 429 is handled elsewhere: it pauses. */
export function failureOf(call: CallFacts, answer: HttpAnswer): IncidentIoError {
  const { scope, ...facts } = describeAnswer(call, answer);
  const { words, status, code, field } = facts;
  const said = words ? `: "${words}"` : '';
  const end = origin(call, status, facts.requestId);
  const could = `Could not ${call.purpose}`;

  switch (true) {
    case status === 401:
      return new KeyRejectedError(
        `${could}: incident.io rejects the API key${said}. Make a new key in incident.io (Settings, API keys) and set INCIDENT_IO_API_KEY to it. ${end}`,
        facts,
      );
    case status === 403: {
      const lacks = scope ? `the API key lacks the scope ${scope}` : 'the API key may not do this';
      return new ForbiddenError(
        `${could}: ${lacks}${said}. Give the key a role that includes it in incident.io (Settings, API keys). ${end}`,
        { ...facts, scope },
      );
    }
    case status === 404:
      return new NotFoundError(
        `${could}: incident.io knows no such thing, or this API key may not see it${said}. Check the id, and for private incidents that the key has the role to view all incident data. ${end}`,
        facts,
      );
    case status === 408 || status === 409 || status >= 500:
      return passing(call, `incident.io answered ${status}${said}`, facts);
    case status >= 400: {
      const about = [code, field && `field ${field}`].filter(Boolean).join(', ');
      return new RefusedError(
        `${could}: incident.io refuses the request${said}${about ? ` (${about})` : ''}. The same request is refused again until what it names is changed in incident.io. ${end}`,
        facts,
      );
    }
    default:
      return garbled(call, `the answer has the status ${status}`, facts);
  }
}

/** The error for no answer at all. */
export function failureWithoutAnswer(call: CallFacts, error: NoAnswerError): IncidentIoError {
  if (error.tooLarge) return garbled(call, error.message, { cause: error });
  return passing(call, error.message, { cause: error });
}

/** The error for a malformed answer with status 2xx. A write has taken effect, with an unknown result. */
export function garbled(
  call: CallFacts,
  why: string,
  facts: { status?: number; requestId?: string | undefined; cause?: unknown },
): IncidentIoError {
  if (call.method !== 'GET') return unclear(call, why, facts);
  return new GarbledError(
    `Could not ${call.purpose}: ${why}, which is not what incident.io's API documents, so nothing is concluded from it. Check INCIDENT_IO_API_URL and any proxy in between, and whether there is a newer release of incident-closer. ${origin(call, facts.status, facts.requestId)}`,
    facts,
  );
}

function passing(
  call: CallFacts,
  why: string,
  facts: { status?: number; requestId?: string | undefined; cause?: unknown },
): IncidentIoError {
  if (call.method !== 'GET') return unclear(call, why, facts);
  return new TransientError(
    `Could not ${call.purpose}: ${why}. It is tried again; if this goes on, check the network and incident.io's status page. ${origin(call, facts.status, facts.requestId)}`,
    facts,
  );
}

function unclear(
  call: CallFacts,
  why: string,
  facts: { status?: number; requestId?: string | undefined; cause?: unknown },
): IncidentIoError {
  return new UnclearError(
    `It is unclear whether incident.io did this: ${call.purpose} (${why}). It may have taken effect; read how things stand before it is tried again. ${origin(call, facts.status, facts.requestId)}`,
    facts,
  );
}

function origin(call: CallFacts, status?: number, requestId?: string): string {
  const parts = [`${call.method} ${call.url}`];
  if (status !== undefined) parts.push(`HTTP ${status}`);
  if (requestId) parts.push(`request id ${requestId}`);
  return `(${parts.join(', ')})`;
}
