import type { ServerResponse } from 'node:http';

export interface AdmissionLimits {
  /** Requests in flight. */
  requests: number;
  /** Of their bodies, those over 64 KiB together, by their announced lengths. */
  bytes: number;
}

/** What a body counts that does not announce its length (chunked). */
const UNANNOUNCED = 1024 * 1024;

/** Bodies of the usual size are held by the number of requests: a few that only announce much must not keep them out. */
const USUAL = 64 * 1024;

/** Keeps what is in flight within limits, so that a flood of large bodies is refused before it is read. */
export class Admission {
  readonly #limits: AdmissionLimits;
  #requests = 0;
  #bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Whether there is room. What is admitted counts until its response is closed, however that comes about. */
  admits(contentLength: string | undefined, response: ServerResponse): boolean {
    const length = contentLength === undefined ? UNANNOUNCED : Number(contentLength);
    const bytes = length > USUAL ? length : 0;
    if (this.#requests + 1 > this.#limits.requests) return false;
    if (bytes > 0 && this.#bytes + bytes > this.#limits.bytes) return false;
    this.#requests += 1;
    this.#bytes += bytes;
    response.once('close', () => {
      this.#requests -= 1;
      this.#bytes -= bytes;
    });
    return true;
  }
}
