import type { TaskEvent, TaskKey } from '../vocabulary.ts';

/** One HTTP request of a webhook, before anything of it is believed. */
export interface Delivery {
  /** Lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  receivedAt: number;
}

/** What a verified delivery means here. */
export type Translation =
  | { kind: 'event'; event: TaskEvent }
  | { kind: 'ignored'; reason: string }
  /** Not what the tracker sends: answered 400. */
  | { kind: 'malformed'; reason: string };

/** Everything that the service knows of one tracker. All three functions are pure. */
export interface Tracker {
  /** The name in `/webhooks/<name>` and in task keys. */
  name: string;
  /** incident.io's names for it in `external_issue_reference.provider`. */
  providers: readonly string[];
  /** Whether one of the secrets signed exactly these bytes. */
  verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean>;
  /** What a verified delivery says. Never throws for any body. */
  translate(delivery: Delivery): Translation;
  /** The key of the task that a permalink names, or undefined where it is none of this tracker's. */
  taskKey(permalink: string): TaskKey | undefined;
}
