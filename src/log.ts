import pino, { type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { traceFields } from './tracing/spans.ts';

export type { Logger };

export interface LogOptions {
  /** For people at a terminal; JSON lines for everything else. */
  pretty?: boolean;
  /** Where lines go; stdout by default. */
  destination?: DestinationStream;
}

/** Fields that may hold a secret, wherever in a line they are. */
const SECRET = /authorization|cookie|signature|secret|password|token|api[-_]?key/i;
/** What a child logger is bound to passes no formatter, so it is covered by name. */
const BOUND = ['authorization', 'cookie', 'signature', 'secret', 'password', 'token', 'apiKey'];
const HIDDEN = '[hidden]';
/** Nothing is logged on purpose that lies deeper: it is left out. */
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
  if (!pretty) return destination ? pino(settings, destination) : pino(settings);
  // In this thread: a transport's worker would outlive tests and lose the last lines.
  const readable = prettyFactory({ colorize: process.stdout.isTTY === true, translateTime: 'SYS:HH:MM:ss' });
  const out = destination ?? process.stdout;
  return pino(settings, { write: (line) => void out.write(readable(line)) });
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
    // An error's own fields are kept: codes and ids tell what happened.
    return { ...maskedFields(value, depth - 1), type: name, message, stack, cause: masked(cause, depth - 1) };
  }
  if (Buffer.isBuffer(value)) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.map((entry) => masked(entry, depth - 1));
  return 'toJSON' in value ? value : maskedFields(value, depth - 1);
}
