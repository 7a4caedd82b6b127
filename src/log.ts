import pino, { type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { LogBuffer } from './log-buffer.ts';
import { logOutput } from './output.ts';
import { traceFields } from './spans.ts';
import { printable, printableJson, printableLines, wantsColour } from './terminal.ts';

export type { Logger };

export interface LogOptions {
  /** For people at a terminal; JSON lines for everything else. */
  pretty?: boolean;
  /** Where lines go; stdout by default. */
  destination?: DestinationStream;
}

/** Fields that may contain a secret, wherever they are in a line. */
const SECRET = /authorization|cookie|signature|secret|password|token|api[-_]?key/i;
/** A child logger's bindings pass no formatter, so they are covered by name. */
const BOUND = ['authorization', 'cookie', 'signature', 'secret', 'password', 'token', 'apiKey'];
const HIDDEN = '[hidden]';
/** What ioredis attaches to an error: the command with all its data, the password of AUTH among them. */
const ATTACHED: readonly string[] = ['command', 'previousErrors'];
/** Nothing is logged deeper than this on purpose: it is left out. */
const DEPTH = 4;

export function createLogger(level: string, options: LogOptions = {}): Logger {
  const { pretty = process.stdout.isTTY === true, destination } = options;
  const settings: pino.LoggerOptions = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceFields,
    formatters: { level: (label) => ({ level: label }), log: (fields) => maskedFields(fields) },
    // Errors are plain fields by then.
    serializers: { err: (error: unknown) => error },
    redact: { paths: BOUND, censor: HIDDEN },
  };
  // JSON has escapes for most of it, and log lines end up on terminals, too.
  if (!pretty)
    return pino({ ...settings, hooks: { streamWrite: printableJson } }, destination ?? standardOutput());
  // In this thread: a transport's worker would outlive tests and lose the last lines.
  const readable = prettyFactory({
    colorize: wantsColour(),
    translateTime: "UTC:yyyy-mm-dd HH:MM:ss 'UTC'",
  });
  const out = destination ?? process.stdout;
  return pino(settings, { write: (line) => void out.write(readable(printableFields(line))) });
}

let standard: LogBuffer | undefined;

/** Standard output. What is collected for it is written when the process ends by itself or crashes. */
function standardOutput(): LogBuffer {
  if (standard === undefined) {
    const buffer = new LogBuffer(logOutput());
    process.once('exit', () => buffer.flush());
    standard = buffer;
  }
  return standard;
}

function maskedFields(fields: object, depth = DEPTH): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    result[name] = SECRET.test(name) && value !== undefined ? HIDDEN : masked(value, depth);
  return result;
}

function masked(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '[…]';
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    // An error's own fields are kept: codes and ids show what happened.
    const own = Object.fromEntries(Object.entries(value).filter(([field]) => !ATTACHED.includes(field)));
    return { ...maskedFields(own, depth - 1), type: name, message, stack, cause: masked(cause, depth - 1) };
  }
  if (Buffer.isBuffer(value)) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.map((entry) => masked(entry, depth - 1));
  return 'toJSON' in value ? value : maskedFields(value, depth - 1);
}

/** A log line whose texts are safe for a terminal; a stack keeps its line breaks, indented. */
function printableFields(line: string): object {
  return JSON.parse(line, (name, value: unknown) =>
    typeof value !== 'string' ? value : name === 'stack' ? printableLines(value) : printable(value),
  );
}
