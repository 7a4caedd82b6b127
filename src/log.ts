import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export interface LogOptions {
  /** For people at a terminal; JSON lines for everything else. */
  pretty?: boolean;
  /** Where lines go; stdout by default. */
  destination?: DestinationStream;
}

/** Fields that may hold a secret, wherever in a line they are. */
const SECRET = /authorization|cookie|signature|secret|password|token|api[-_]?key/i;
/** Nothing is logged on purpose that lies deeper: it is left out. */
const DEPTH = 4;

export function createLogger(level: string, options: LogOptions = {}): Logger {
  const { pretty: forPeople = process.stdout.isTTY === true, destination } = options;
  const settings: pino.LoggerOptions = {
    level,
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => maskedFields(fields),
      bindings: (fields) => maskedFields(fields),
    },
  };
  if (!forPeople) return destination ? pino(settings, destination) : pino(settings);
  // A stream in this thread: a transport's worker would outlive tests and lose the last lines.
  return pino(
    settings,
    pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ...(destination && { destination }) }),
  );
}

function maskedFields(fields: object, depth = DEPTH): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    result[name] = SECRET.test(name) && value !== undefined ? '[hidden]' : masked(value, depth);
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
