import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests may wait for their turn on all connections together, and on one; beyond that the connection is closed. */
const MOST_WAITING = 20_000;
const MOST_ON_ONE = 100;

/**
 * Answers one request of a connection at a time. Senders of webhooks and proxies do not pipeline, and a client that does
 * could otherwise occupy many places with one connection.
 */
export class Turns {
  /** The waiting requests; a connection is in here while one of its requests is being answered. */
  readonly #waiting = new WeakMap<Socket, (() => void)[]>();
  /** The connections with a listener for their end. */
  readonly #pipelining = new WeakSet<Socket>();
  #count = 0;

  /** Calls `begin` once all earlier requests of the connection are answered; never if the connection ends before. */
  take(socket: Socket, response: ServerResponse, begin: () => void): void {
    const waiting = this.#waiting.get(socket);
    const start = (): void => {
      response.once('finish', () => this.#next(socket));
      begin();
    };
    if (waiting === undefined) {
      this.#waiting.set(socket, []);
      start();
      return;
    }
    if (this.#count >= MOST_WAITING || waiting.length >= MOST_ON_ONE) {
      socket.destroy();
      return;
    }
    if (waiting.length === 0) {
      if (!this.#pipelining.has(socket)) this.#watch(socket);
      this.#pipelining.add(socket);
      process.nextTick(() => this.#pause(socket));
    }
    waiting.push(start);
    this.#count += 1;
  }

  #next(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    const start = waiting?.shift();
    if (start === undefined) {
      this.#waiting.delete(socket);
      return;
    }
    this.#count -= 1;
    if (waiting?.length === 0) socket.resume();
    start();
  }

  #watch(socket: Socket): void {
    socket.once('close', () => this.#forget(socket));
    // Node resumes after each request that it has parsed.
    socket.on('resume', () => this.#pause(socket));
  }

  /** Reads no more of a connection while requests of it wait. */
  #pause(socket: Socket): void {
    if ((this.#waiting.get(socket)?.length ?? 0) > 0) socket.pause();
  }

  #forget(socket: Socket): void {
    this.#count -= this.#waiting.get(socket)?.length ?? 0;
    this.#waiting.delete(socket);
  }
}
