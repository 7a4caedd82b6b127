/**
 * How to make, mend and remove a tracker's webhooks through its API, with an administrator's token that is given for
 * this once. What is sent to change something goes through `write`, so that a dry run can show it instead.
 */
import { z } from 'zod';
import { bounded } from '../outside-text.ts';
import { parseBody, refuseNoAnswer } from './api-answers.ts';
import { parseJson } from './body.ts';
import { type ApiAccess, TrackerAccessError, type TrackerAnswer, type TrackerRequest } from './read-back.ts';

export interface Connecting {
  /** What may be named, for people: `acme/api (a repository), acme (an organization)`. */
  places: string;
  /** What the token needs, for people. */
  needs: string;
  /** What has to be known about such a token, one sentence. */
  remark?(token: string): string | undefined;
  /**
   * Who makes the secret, if not we: the tracker, which says it to whoever makes the webhook, or which offers it to the
   * service meanwhile.
   */
  secretOf?: 'tracker' | 'handshake';
  /** The place of that name in a tracker at one of these addresses, without trailing slashes; undefined if it is none. */
  place(name: string, urls: readonly string[]): ConnectPlace | undefined;
  /** The name of the place that the task of a link is in; undefined if the link does not tell. */
  placeIn(permalink: string): string | undefined;
}

export interface AdminAccess {
  token: string;
  /** What no message may show, although the tracker might repeat it: the token, and the webhook's secret. */
  hidden: readonly string[];
  /** The secrets that the service takes. */
  secrets: readonly string[];
  /** ms, our clock. */
  now(): number;
  /** Sends what changes nothing. */
  read: ApiAccess['send'];
  /** Sends what changes something. */
  write: ApiAccess['send'];
  /** The same of several, one after the other, whatever each is answered. */
  writeEach(requests: readonly TrackerRequest[]): Promise<readonly TrackerAnswer[]>;
}

/** What both sides have to agree on. */
export interface Wanted {
  address: string;
  secret: string;
}

/** A webhook that is there already. */
export interface FoundHook {
  id: string;
  /** What it lacks, as far as the tracker shows it, for people: `it is not active`. */
  faults: readonly string[];
  /** It cannot be mended: it has to be removed and made again. */
  isSpent?: boolean;
}

export interface MadeHook {
  id: string;
  /** Its secret, if the tracker made it. */
  secret?: string;
}

/** One place that has webhooks of its own. Its functions throw for people. */
export interface ConnectPlace {
  /** `the repository acme/api` */
  title: string;
  /** Its webhooks that lead to an address. */
  find(address: string, access: AdminAccess): Promise<readonly FoundHook[]>;
  make(wanted: Wanted, access: AdminAccess): Promise<MadeHook>;
  /** Gives it all that is wanted, whatever it has. */
  mend(id: string, wanted: Wanted, access: AdminAccess): Promise<MadeHook>;
  remove(id: string, access: AdminAccess): Promise<void>;
  /** How to see that a delivery arrived. */
  proof: HookProof | ChangeProof;
}

/** Nothing but a change to a task has a delivery sent. */
export interface ChangeProof {
  /** Why, one sentence: `Linear sends nothing to try it out.` */
  why: string;
  /** What a person can change there, as a request: `Move an issue to another state`. */
  change: string;
  /** What proves it when it is made, for people: `Asana's handshake was answered`. */
  made?: string;
}

export interface HookProof {
  called: 'ping' | 'test';
  /** Has a delivery sent that changes nothing; a text says why none may have been. */
  ping(id: string, wanted: Wanted, access: AdminAccess): Promise<string | undefined>;
  /** Such a delivery is sent anyway when a webhook is made. */
  isSentWhenMade: boolean;
  /** It is not documented that such deliveries are among those that are recorded. */
  mayBeUnrecorded?: true;
  /** What the tracker recorded of these deliveries lately, the newest first; a text says why it shows nothing. */
  recorded(id: string, access: AdminAccess): Promise<readonly RecordedDelivery[] | string>;
}

export interface RecordedDelivery {
  id: string;
  /** The status that it was answered with, or what the tracker puts in its place; 0 if it does not say. */
  status: number;
  /** The tracker's own word for what happened. */
  words?: string | undefined;
  /** It was accepted, where the tracker says so without a status. */
  isAccepted?: boolean;
}

/** A request with a JSON body, if it has one. */
export function jsonRequest(
  method: TrackerRequest['method'],
  url: string,
  headers: Record<string, string>,
  body?: object,
): TrackerRequest {
  return {
    ...{ method, url },
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

/** How the events that a webhook sends differ from those that are needed, for people; `all` stands for any of them. */
export function eventFaults(has: readonly string[], needed: readonly string[], all?: string): string[] {
  const isAll = all !== undefined && has.includes(all);
  const missing = isAll ? [] : needed.filter((event) => !has.includes(event));
  const needless = has.filter((event) => !needed.includes(event));
  return [
    ...(missing.length > 0 ? [`it does not send ${missing.join(', ')}`] : []),
    ...(needless.length > 0 ? [`it sends what is not needed: ${needless.join(', ')}`] : []),
  ];
}

/** Whether a webhook leads to the address, however it is spelled. */
export function leadsTo(address: string, url: string | null | undefined): boolean {
  const plain = (text: string) => (URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : text);
  return url != null && plain(url) === plain(address);
}

/** Who answered, and what for: for messages. */
export interface CallContext {
  title: string;
  /** `the webhooks of the repository acme/api` */
  what: string;
  needs: string;
}

/** Throws, for people, unless the answer has one of these codes. Secrets that it repeats are not shown. */
export function expectStatus(
  answer: TrackerAnswer,
  { title, what, needs }: CallContext,
  access: Pick<AdminAccess, 'hidden' | 'now'>,
  allowed: readonly number[],
): void {
  const { status } = answer;
  if (allowed.includes(status)) return;
  if (status === 401)
    throw new TrackerAccessError(`${title} refuses the token (401): it is wrong, expired or revoked`);
  refuseNoAnswer(answer, { title, token: 'this command', now: access.now() });
  if (status === 403 || status === 404)
    throw new Error(
      `${title} does not let this token at ${what} (${status}): there is no such place, or the token lacks what it needs, which is ${needs}`,
    );
  const own = refusalOf(answer, access);
  throw new Error(`${title} refuses ${what} (${status})${own === '' ? '' : `: ${own}`}`);
}

const WORDS_MAX = 300;
const unknown = z.unknown().optional();
const refusalSchema = z.object({
  ...{ message: unknown, error: unknown, errors: unknown },
  // Jira's and ClickUp's.
  ...{ errorMessages: unknown, messages: unknown, err: unknown },
});

/** What a refusal has to say, in one line without secrets; empty if it says nothing. */
export function refusalOf({ body }: TrackerAnswer, access: Pick<AdminAccess, 'hidden'>): string {
  const own = refusalSchema.safeParse(parseJson(Buffer.from(body))).data ?? {};
  return withoutSecrets(textsIn(own).join('; '), access);
}

/** A tracker's own words, for people: truncated, and without secrets that it repeats. */
export function withoutSecrets(words: string, { hidden }: Pick<AdminAccess, 'hidden'>): string {
  return bounded(
    hidden.reduce((text, secret) => text.replaceAll(secret, '(secret)'), words),
    WORDS_MAX,
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The contents of an answer with one of these codes. */
export function expectBody<T>(
  schema: z.ZodType<T>,
  answer: TrackerAnswer,
  call: CallContext,
  access: AdminAccess,
  allowed: readonly number[] = [200],
): T {
  expectStatus(answer, call, access, allowed);
  return parseBody(schema, answer, call.title);
}
