import { setImmediate as turn } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import { type Exchange, PgliteLink } from './pglite-link.ts';

const NOTIFICATION = 'A'.charCodeAt(0);

/**
 * Multiplexes many pg clients onto PGlite's single session: exchanges are answered one after the other, a client in a
 * transaction has the session to itself until it ends, and every client gets the notifications, since a LISTEN by one
 * is a LISTEN by all. All other session state is shared too (search_path, prepared names).
 */
export class PgliteSession {
  #db: PGlite;
  #links = new Set<PgliteLink>();
  #waiting: Exchange[] = [];
  /** The client whose transaction is open. */
  #holder: PgliteLink | undefined;
  #busy = false;

  constructor(db: PGlite) {
    this.#db = db;
  }

  /** A new connection, for the `stream` of a pg client. */
  connect(): PgliteLink {
    const link = new PgliteLink((exchange) => {
      this.#waiting.push(exchange);
      void this.#answerAll();
    });
    this.#links.add(link);
    link.once('close', () => {
      this.#links.delete(link);
      this.#waiting = this.#waiting.filter((exchange) => exchange.link !== link);
      // If it left a transaction open, it is rolled back in its turn.
      void this.#answerAll();
    });
    return link;
  }

  async #answerAll(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      if (this.#holder?.destroyed) await this.#takeBack();
      const next = this.#next();
      if (next === undefined) break;
      await this.#answer(next);
      // PGlite runs in this thread, and its answers trigger further queries without end: let the event loop read sockets
      // in between, or each webhook would wait for all the work on those before it.
      await turn();
    }
    this.#busy = false;
  }

  #next(): Exchange | undefined {
    const index = this.#waiting.findIndex(({ link }) => this.#holder === undefined || link === this.#holder);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  async #answer({ link, message }: Exchange): Promise<void> {
    try {
      const answer = await this.#db.runExclusive(() => this.#db.execProtocolRaw(message));
      this.#holder = this.#db.isInTransaction() ? link : undefined;
      this.#deliver(link, Buffer.from(answer));
    } catch (error) {
      // SQL errors are answers; this means that PGlite itself failed, or is closed.
      this.#holder = undefined;
      link.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #takeBack(): Promise<void> {
    this.#holder = undefined;
    await this.#db.exec('ROLLBACK').catch(() => {});
  }

  /** Notifications arrive within the answer to whoever caused them, and are meant for everybody. */
  #deliver(link: PgliteLink, answer: Buffer): void {
    const own: Buffer[] = [];
    const notifications: Buffer[] = [];
    for (let start = 0; start < answer.length; ) {
      const end = start + 1 + answer.readInt32BE(start + 1);
      (answer[start] === NOTIFICATION ? notifications : own).push(answer.subarray(start, end));
      start = end;
    }
    if (!link.destroyed) link.push(Buffer.concat(own));
    if (notifications.length === 0) return;
    const all = Buffer.concat(notifications);
    for (const each of this.#links) if (!each.destroyed) each.push(all);
  }
}
