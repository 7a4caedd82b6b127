import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** How many bytes to buffer for a reader that stalls; further lines are dropped. */
const MOST_WAITING = 1024 * 1024;

let dropped = 0;

/** How many log lines this process could not write so far. */
export function droppedLines(): number {
  return dropped;
}

/**
 * The log's output, to a file, a pipe or a terminal, which never blocks the process and never fails: a line that cannot
 * be written (a full disk, a reader that stalls or is gone) is dropped and counted, and stderr says so once. What a
 * pipe's reader does not read is buffered up to 1 MiB.
 * https://nodejs.org/docs/latest-v20.x/api/process.html#a-note-on-process-io
 */
export class Output {
  readonly #stream: Writable | undefined;
  readonly #fd: number;
  readonly #failed: (why: string) => void;
  #missing = 0;
  #said = false;

  /** `failed` is called once with why lines are dropped. */
  constructor(fd: 1 | 2, failed: (why: string) => void) {
    this.#fd = fd;
    this.#failed = failed;
    if (!isPipe(fd)) return;
    this.#stream = fd === 1 ? process.stdout : process.stderr;
    this.#stream.on('error', () => {});
  }

  write(line: string): void {
    const note = this.#missing === 0 ? '' : missingLine(this.#missing);
    const stream = this.#stream;
    if (stream === undefined) {
      try {
        writeAll(this.#fd, Buffer.from(note + line));
        this.#missing = 0;
      } catch (error) {
        this.#drop(error instanceof Error && 'code' in error ? String(error.code) : String(error));
      }
      return;
    }
    if (!stream.writable) this.#drop('its reader is gone');
    else if (stream.writableLength > MOST_WAITING) this.#drop('its reader takes nothing');
    else {
      this.#missing = 0;
      stream.write(note + line);
    }
  }

  #drop(why: string): void {
    dropped += 1;
    this.#missing += 1;
    if (this.#said) return;
    this.#said = true;
    this.#failed(why);
  }
}

/** Standard output, for the log. */
export function logOutput(): Output {
  return new Output(1, (why) => {
    new Output(2, () => {}).write(
      `incident-closer: the log cannot be written (${why}). Lines are dropped, and counted in incident_closer_log_lines_dropped_total; the service goes on.\n`,
    );
  });
}

function missingLine(lines: number): string {
  const msg = `${lines} ${lines === 1 ? 'line' : 'lines'} of the log could not be written before this one`;
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })}\n`;
}

function writeAll(fd: number, text: Buffer): void {
  for (let written = 0; written < text.length; ) written += writeSync(fd, text, written);
}

function isPipe(fd: number): boolean {
  try {
    const kind = fstatSync(fd);
    return kind.isFIFO() || kind.isSocket();
  } catch {
    // The descriptor is closed: each write to it fails, is counted and said on stderr like any other that fails.
    return false;
  }
}
