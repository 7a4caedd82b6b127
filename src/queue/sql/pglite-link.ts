import { Duplex } from 'node:stream';

/** Protocol messages that PGlite has to answer without any from another connection in between. */
export interface Exchange {
  link: PgliteLink;
  message: Uint8Array;
}

const TERMINATE = 'X'.charCodeAt(0);
const QUERY = 'Q'.charCodeAt(0);
const SYNC = 'S'.charCodeAt(0);

/**
 * Passed to a pg client as its socket: the client's end of a connection to PGlite in this process. Nothing listens on a
 * port, so nobody else can connect.
 */
export class PgliteLink extends Duplex {
  #exchange: (exchange: Exchange) => void;
  #received: Buffer = Buffer.alloc(0);
  /** Where the first unread message begins; everything before it waits for the end of its exchange. */
  #read = 0;
  #greeted = false;

  constructor(exchange: (exchange: Exchange) => void) {
    super();
    this.#exchange = exchange;
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  // A pg client calls these on a socket; here they do nothing.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (!this.#greeted) this.#greet();
    if (this.#greeted) this.#cut();
    done();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  /** PGlite's session exists already, so its greeting is sent from here. */
  #greet(): void {
    const length = this.#received.length < 4 ? Number.POSITIVE_INFINITY : this.#received.readInt32BE(0);
    if (this.#received.length < length) return;
    this.#received = this.#received.subarray(length);
    this.#greeted = true;
    this.push(Buffer.concat([AUTHENTICATED, SERVER_ENCODING, CLIENT_ENCODING, IDLE]));
  }

  /** Splits the input into exchanges, each ending with a simple query or with the sync that ends an extended one. */
  #cut(): void {
    while (this.#received.length >= this.#read + 5) {
      const type = this.#received[this.#read];
      const end = this.#read + 1 + this.#received.readInt32BE(this.#read + 1);
      if (this.#received.length < end) return;
      this.#read = end;
      if (type === TERMINATE) {
        this.destroy();
        return;
      }
      if (type !== QUERY && type !== SYNC) continue;
      this.#exchange({ link: this, message: this.#received.subarray(0, end) });
      this.#received = this.#received.subarray(end);
      this.#read = 0;
    }
  }
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const AUTHENTICATED = message('R', Buffer.alloc(4));
const SERVER_ENCODING = message('S', Buffer.from('server_encoding\0UTF8\0'));
const CLIENT_ENCODING = message('S', Buffer.from('client_encoding\0UTF8\0'));
const IDLE = message('Z', Buffer.from('I'));
