import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Place } from './admission.ts';
import { ChunkCount } from './chunk-count.ts';

/** The initial buffer of a body whose first chunk is not all of it, bytes. */
const FIRST = 16 * 1024;
const NOTHING = Buffer.alloc(0);
/** Larger bodies grow in place, bytes. */
const LARGE = 64 * 1024;

/** Why a body was not read to its end. `statusCode`: the answer to its sender. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly statusCode: number;
  constructor(statusCode: 400 | 413 | 503, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** The part of a request that is needed to read its body. */
export type WithBody = Readable & {
  headers: Pick<IncomingHttpHeaders, 'content-length'>;
  complete?: boolean;
};

/** A body of at most this many bytes is taken at once where it has arrived. */
const SMALL = 64 * 1024;

/** A small body that has arrived with its headers, all of it; undefined if it is to be waited for, by `readBody`. */
export function arrivedBody(request: WithBody, place: Place): Buffer | undefined {
  const { readableLength, complete } = request;
  if (!complete || readableLength === 0 || readableLength > SMALL) return undefined;
  const body: unknown = request.read();
  if (!Buffer.isBuffer(body)) throw new TypeError('a body that has arrived cannot be read');
  place.arrived(body.length);
  place.charge(body.length);
  place.complete();
  return body;
}

/**
 * Reads a body of at most `limit` bytes. Its memory is charged as it arrives, whatever its sender announced; a body in
 * small chunks takes no more than one in large ones. Throws `BodyError`: 413 over the limit, 503 if it is dropped to make
 * room, 400 if its chunks are too small or the connection ends before the body does.
 */
export function readBody(request: WithBody, place: Place, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  // Not made before it is needed: its stack would cost more than reading the body.
  const tooLarge = () => new BodyError(413, 'the body is too large');
  if (announced > limit) return Promise.reject(tooLarge());
  const cutOff = () => new BodyError(400, 'the connection ended before the body did');
  if (request.destroyed) return Promise.reject(cutOff());
  return new Promise((resolve, reject) => {
    let kept: Buffer = NOTHING;
    let length = 0;
    let over = false;
    const chunks = new ChunkCount();
    const end = (): void => {
      over = true;
      request.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const fail = (error: BodyError): void => {
      end();
      // Nobody else has it, so its memory does not have to wait for garbage collection.
      if (isGrowing(kept.buffer)) kept.buffer.resize(0);
      reject(error);
    };
    const onClose = (): void => fail(cutOff());
    const onEnd = (): void => {
      end();
      place.complete();
      resolve(kept.subarray(0, length));
    };
    const onData = (chunk: Buffer): void => {
      const needed = length + chunk.length;
      if (needed > limit) {
        fail(tooLarge());
        return;
      }
      if (chunks.areTooSmall(chunk.length)) {
        fail(new BodyError(400, 'the body comes in too many small chunks'));
        return;
      }
      place.arrived(chunk.length);
      if (chunk.length === announced) {
        place.charge(chunk.length);
        kept = chunk;
      } else {
        if (needed > kept.length) {
          const larger = Math.min(Math.max(needed, 2 * kept.length, FIRST), announced || limit);
          // Before the memory is allocated: this body, or another one, may have to be dropped for it.
          place.charge(larger - kept.length);
          if (over) return;
          kept = grown(kept, { length, size: larger, most: announced || limit });
        }
        chunk.copy(kept, length);
      }
      length = needed;
    };
    place.onGivenUp = (why) => fail(new BodyError(503, why));
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

/**
 * The first `length` bytes, with room for `size`. A large body grows in place, in memory that is mapped for it alone and
 * goes back to the system afterwards; what malloc allocates for many of them would stay with the process.
 */
function grown(from: Buffer, { length, size, most }: { length: number; size: number; most: number }): Buffer {
  if (isGrowing(from.buffer)) {
    from.buffer.resize(size);
    return Buffer.from(from.buffer);
  }
  const larger =
    size > LARGE ? Buffer.from(new ArrayBuffer(size, { maxByteLength: most })) : Buffer.allocUnsafeSlow(size);
  from.copy(larger, 0, 0, length);
  return larger;
}

function isGrowing(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer && buffer.resizable;
}
