import type { TaskKey } from '../vocabulary.ts';
import type { Commenting } from './comment.ts';
import type { Connecting } from './connecting.ts';
import type { HookApi } from './hooks.ts';
import type { TrackerOption, TrackerOptions } from './options.ts';
import type { ReadBack } from './read-back.ts';
import type { Translation } from './translation.ts';

/** One HTTP request of a webhook, not verified yet. */
export interface Delivery {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  receivedAt: number;
}

/** A signed request without contents. */
export interface Ping {
  headers: Record<string, string>;
  body: string;
}

/** A sender of webhooks. Its functions are pure. */
export interface Source {
  /** The name in `/webhooks/<name>`, and in upper case in its settings. */
  name: string;
  /** For people: `GitHub`. */
  title: string;
  /** The format of its webhook secrets, unless any text is allowed. */
  secretForm?: { fits(secret: string): boolean; allowed: string };
  /** Settings of its own besides the secrets. */
  options?: readonly TrackerOption[];
  /** Where its secret is made and entered; absent if any webhook has a field for it. */
  secretPlace?: SecretPlace;
  /** How it offers a secret that it made before its first event. */
  handshake?: Handshake;
  /** The header that gives a body its meaning, and its value if a body was saved without it. */
  eventHeader?: { name: string; of(body: unknown): string | undefined };
  /** Where its requests carry their ids. */
  ids?: RequestIds;
  /** How a person has it send a delivery again, one sentence without a full stop; absent if nothing there does that. */
  again?: string;
  /** Its webhooks do not contain a task's state: without its API token they have no effect. */
  needsToken?: true;
  /** If it needs other status codes: the adapter gives the reason and its source. */
  answers?: Answers;
  /** Whether one of the secrets signed exactly these bytes. Must refuse an empty secret. */
  verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean>;
  /** What a verified delivery means. Never throws, whatever the body. */
  translate(delivery: Delivery, options: TrackerOptions): Translation;
  /** A request that is verified and then ignored, signed like its sender's at `now` (ms): to test a secret. */
  ping(secret: string, now: number): Promise<Ping>;
}

/** Where requests of a source carry the id of the delivery and of its webhook: headers, or fields of the body. */
export interface RequestIds {
  /** The first header that is there counts. */
  delivery?: readonly string[];
  hook?: readonly string[];
  deliveryField?: string;
  hookField?: string;
}

/** Status codes instead of 202, 401, 400 and 404. */
export interface Answers {
  /** An accepted delivery. */
  accepted?: 200;
  /** One whose signature is missing or wrong. */
  refused?: 403 | 503;
  /** One that is correctly signed but unusable: an error would count against the webhook, and help nobody. */
  useless?: 200;
  /** Any, while its secret is not configured: it is retried after 503, and lost after 404. */
  unset?: 503;
}

/** Where a person finds or enters the secret of a source's webhooks. */
export interface SecretPlace {
  /** Who generates it: we, or the source, which then displays it. */
  madeBy: 'us' | 'sender';
  /** The format of a secret that we generate, unless any text is allowed. */
  form?: 'standard-webhooks';
  /** Steps there, one line of Markdown each. */
  steps: readonly string[];
}

/** How a source that generates its own secret offers it to us. Anybody can send such a request: the first one counts. */
export interface Handshake {
  /** The secret that this request offers, or undefined if it is no handshake. Never throws. */
  offered(delivery: Delivery): string | undefined;
  /** Whether a delivery carries a signature: an offered secret verifies signatures only. */
  isSigned(delivery: Delivery): boolean;
  /** Headers that the answer needs. The code is 200. */
  answer(secret: string): Record<string, string>;
  /** What a person has to do next, one sentence. */
  next: string;
}

/** Everything the service knows about one tracker. Its name is also the prefix of its task keys. */
export interface Tracker extends Source {
  /** incident.io's names for it in `external_issue_reference.provider`. */
  providers: readonly string[];
  /** The key of the task that a permalink names, or undefined if it is not this tracker's. */
  taskKey(permalink: string): TaskKey | undefined;
  /** How to read the states of its tasks; absent if its API cannot. */
  readBack?: ReadBack;
  /** How to check its webhooks, with the same token; absent if its API does not show them. */
  hooks?: HookApi;
  /** How to make its webhooks, with an administrator's token; absent if its API cannot. */
  connecting?: Connecting;
  /** How to comment on its tasks, with the same token; absent if unsupported. */
  commenting?: Commenting;
}
