/** Where operators are told, and what. */

export type Severity = 'critical' | 'error' | 'warning' | 'info';

export interface Notification {
  /** The same for everything that is told about one thing, from its beginning to its end. */
  key: string;
  /** `news` has no end. */
  state: 'trouble' | 'over' | 'news';
  severity: Severity;
  /** One line, without a full stop. */
  title: string;
  lines: readonly string[];
  /** Where people see more. */
  url?: string;
  /** When it was found, ms. */
  at: number;
  /** Whether other things of this key are still not over. */
  goesOn?: boolean;
}

export type DestinationName = 'slack' | 'teams' | 'email' | 'pagerduty';

/** One place that is told. */
export interface Destination {
  name: DestinationName;
  /** Stands for its address, which is often a secret. */
  to: string;
  /** Its name for people: the host, or who gets the e-mail. */
  shown: string;
  /** Whether such a notification is for it; absent: all are. */
  wants?(notification: Pick<Notification, 'severity' | 'state'>): boolean;
  /** Sends it once. Throws `NotTakenError` if it was not taken: a retry may help. */
  send(notification: Notification, signal: AbortSignal): Promise<void>;
}

/** The destination did not take it. The message is for people, and holds neither address nor secret. */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';
  /** How long the destination asked to be left alone, ms. */
  readonly pause: number | undefined;
  constructor(message: string, pause?: number) {
    super(message);
    this.pause = pause;
  }
}
