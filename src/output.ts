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
 * The log's output, to a file, a pipe or a terminal, which never blocks the process and never fails: lines that cannot
 * be written (a full disk, a reader that stalls or is gone) are dropped and counted, and stderr says so once. What a
 * pipe's reader does not read is buffered up to 1 MiB.
 * https://nodejs.org/docs/latest-v20.x/api/process.html#a-note-on-process-io
 */
export class Output {
  readonly #stream: Writable | undefined;
  readonly #fd: number;
  readonly #failed: (why: string) => void;
  #missing = 0;
  #said = false;
  /** Whether a line was written in part only. */
  #torn = false;

  /** `failed` is called once with why lines are dropped. */
  constructor(fd: 1 | 2, failed: (why: string) => void) {
    this.#fd = fd;
    this.#failed = failed;
    if (!isPipe(fd)) return;
    this.#stream = fd === 1 ? process.stdout : process.stderr;
    this.#stream.on('error', () => {});
  }

  /** Writes whole lines. */
  write(lines: string): void {
    const note = this.#missing === 0 ? '' : missingLine(this.#missing);
    const stream = this.#stream;
    if (stream === undefined) {
      this.#writeToFile(note, lines);
      return;
    }
    if (!stream.writable) this.#drop(linesIn(lines), 'its reader is gone');
    else if (stream.writableLength > MOST_WAITING) this.#drop(linesIn(lines), 'its reader takes nothing');
    else {
      this.#missing = 0;
      stream.write(note + lines);
    }
  }

  /** A full disk may take the first of several lines, and part of the next. */
  #writeToFile(note: string, lines: string): void {
    const head = this.#torn ? `\n${note}` : note;
    const text = Buffer.from(head + lines);
    const begin = Buffer.byteLength(head);
    let written = 0;
    try {
      while (written < text.length) written += writeSync(this.#fd, text, written);
      this.#missing = 0;
      this.#torn = false;
    } catch (error) {
      if (written > 0) this.#torn = text[written - 1] !== NEWLINE;
      if (written >= begin) this.#missing = 0;
      const left = linesIn(text.toString('latin1', Math.max(written, begin)));
      this.#drop(left, error instanceof Error && 'code' in error ? String(error.code) : String(error));
    }
  }

  #drop(lines: number, why: string): void {
    dropped += lines;
    this.#missing += lines;
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

const NEWLINE = '\n'.charCodeAt(0);

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function missingLine(lines: number): string {
  const msg = `${lines} ${lines === 1 ? 'line' : 'lines'} of the log could not be written before this one`;
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })}\n`;
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
