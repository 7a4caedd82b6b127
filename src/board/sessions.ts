import { withDeadline } from '../deadline.ts';
import type { Logger } from '../log.ts';
import { EndedSessions } from '../store/ended-sessions.ts';
import type { Tables } from '../store/tables.ts';

/** A session from a cookie with a valid signature. `until`: when it expires, ms. */
export interface Session {
  id: string;
  until: number;
}

/** How long (ms) a session that was checked is not checked again for reads: at most this long it outlives a logout at another process. */
const STANDS_FOR = 5_000;
/** How long (ms) the store may take. */
const WITHIN = 1_500;

/** Which sessions were logged out. The store knows; its last answer counts while it is down. */
export class Sessions {
  readonly #tables: () => Tables | undefined;
  readonly #now: () => number;
  readonly #log: Logger | undefined;
  readonly #seen = new Map<string, Session & { at: number; ended: boolean }>();

  /** `tables`: undefined until the store has been reached. */
  constructor(
    tables: () => Tables | undefined,
    { now = Date.now, log }: { now?: () => number; log?: Logger | undefined } = {},
  ) {
    this.#tables = tables;
    this.#now = now;
    this.#log = log;
  }

  /** Somebody has just logged in. */
  began(session: Session): void {
    this.#remember(session, false);
  }

  /**
   * `unknown`: the store is down, and this process has never seen the session. A request that changes something
   * (`toChange`) always needs a fresh answer of the store.
   */
  async state(session: Session, toChange = false): Promise<'stands' | 'ended' | 'unknown'> {
    const seen = this.#seen.get(session.id);
    if (seen?.ended) return 'ended';
    if (!toChange && seen !== undefined && this.#now() - seen.at < STANDS_FOR) return 'stands';
    try {
      const ended = await this.#ask((store) => store.has(session.id));
      this.#remember(session, ended);
      return ended ? 'ended' : 'stands';
    } catch (err) {
      this.#log?.debug({ err }, 'whether a session was ended could not be read');
      return seen === undefined || toChange ? 'unknown' : 'stands';
    }
  }

  /** Ends a session for good. Throws if the store is down: then it goes on. */
  async end(session: Session): Promise<void> {
    await this.#ask((store) => store.add(session.id, session.until, this.#now()));
    this.#remember(session, true);
  }

  async #ask<T>(question: (store: EndedSessions) => Promise<T>): Promise<T> {
    const tables = this.#tables();
    if (tables === undefined) throw new Error('the store was not reached yet');
    return withDeadline(question(new EndedSessions(tables)), WITHIN, 'the store does not answer');
  }

  #remember(session: Session, ended: boolean): void {
    const now = this.#now();
    for (const [id, { until }] of this.#seen) if (until <= now) this.#seen.delete(id);
    this.#seen.set(session.id, { ...session, at: now, ended });
  }
}
