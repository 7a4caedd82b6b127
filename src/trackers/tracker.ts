import type { EventBatch, TaskKey } from '../vocabulary.ts';
import type { Commenting } from './comment.ts';
import type { ReadBack } from './read-back.ts';

/** One HTTP request of a webhook, before anything of it is believed. */
export interface Delivery {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  receivedAt: number;
}

/** What a verified delivery means here. */
export type Translation =
  | ({ kind: 'told' } & EventBatch)
  | { kind: 'ignored'; reason: string }
  /** Not what its sender sends: answered 400. */
  | { kind: 'malformed'; reason: string };

/** A signed request that says nothing. */
export interface Ping {
  headers: Record<string, string>;
  body: string;
}

/** Whoever sends webhooks. Its functions are pure. */
export interface Source {
  /** The name in `/webhooks/<name>`, and in upper case in its settings. */
  name: string;
  /** As people write it: `GitHub`. */
  title: string;
  /** What a secret of its webhooks has to look like, where it is not any text. */
  secretForm?: { fits(secret: string): boolean; allowed: string };
  /** Settings of its own beside the secrets. */
  options?: readonly TrackerOption[];
  /** Where its secret is made and entered; absent where any webhook has a field for it. */
  secretPlace?: SecretPlace;
  /** How it offers a secret of its own making before its first event. */
  handshake?: Handshake;
  /** Its webhooks do not say what state a task has: without its API token nothing comes of them. */
  needsToken?: true;
  /** Where it demands other codes than 202 and 401 for a delivery that was taken or refused. */
  answers?: { accepted?: 200; refused?: 403 };
  /** Whether one of the secrets signed exactly these bytes. Must refuse an empty secret. */
  verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean>;
  /** What a verified delivery says. Never throws for any body. */
  translate(delivery: Delivery, options: TrackerOptions): Translation;
  /** A request that is verified and then ignored, as its sender would sign it at `now` (ms): for trying out a secret. */
  ping(secret: string, now: number): Promise<Ping>;
}

/** Where a person finds or enters the secret of a source's webhooks. */
export interface SecretPlace {
  /** Who thinks of it: we, or the source, which then shows it. */
  madeBy: 'us' | 'sender';
  /** What a secret that we make looks like, where it is not any text. */
  form?: 'standard-webhooks';
  /** Steps there, one line of Markdown each. */
  steps: readonly string[];
}

/** How a source that makes its own secret tells it to us. Anybody can send such a request: the first one counts. */
export interface Handshake {
  /** The secret that this request offers, or undefined where it is no handshake. Never throws. */
  offered(delivery: Delivery): string | undefined;
  /** Headers that the answer needs. The code is 200. */
  answer(secret: string): Record<string, string>;
  /** What a person has to do next, one sentence. */
  next: string;
}

/** A setting of one tracker: the variable is its name after the tracker's, as in `JIRA_DECLINED`. A list with commas. */
export interface TrackerOption {
  name: string;
  /** One line of Markdown for the README. */
  doc: string;
  default?: string;
}

/** What is set of a tracker's options, by their names; the default where nothing is. */
export type TrackerOptions = Readonly<Record<string, readonly string[]>>;

/** Everything that the service knows of one tracker. Its name also begins its task keys. */
export interface Tracker extends Source {
  /** incident.io's names for it in `external_issue_reference.provider`. */
  providers: readonly string[];
  /** The key of the task that a permalink names, or undefined where it is none of this tracker's. */
  taskKey(permalink: string): TaskKey | undefined;
  /** How the states of its tasks are read from it; absent where its API has no way to. */
  readBack?: ReadBack;
  /** How its tasks are commented on, with the same token; absent where that is not done. */
  commenting?: Commenting;
}

export function told(parts: Partial<EventBatch>): Translation {
  return { kind: 'told', tasks: [], incidents: [], hints: [], ...parts };
}

export function ignored(reason: string): Translation {
  return { kind: 'ignored', reason };
}

export function malformed(reason: string): Translation {
  return { kind: 'malformed', reason };
}
