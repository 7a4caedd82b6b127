import type { Logger } from 'pino';

/** What to say instead of a line that a library writes to the console; `undefined`: it is told elsewhere. */
type Wording = readonly [RegExp, ((found: RegExpExecArray) => string) | undefined];

/** Lines of BullMQ and ioredis: https://github.com/taskforcesh/bullmq, https://github.com/redis/ioredis */
const WORDINGS: readonly Wording[] = [
  // Of these `Backend.warnings` tells.
  [/^IMPORTANT! Eviction policy/, undefined],
  [/^It is highly recommended to use a minimum Redis version/, undefined],
  [/^Skipping the ready check because INFO command fails/, undefined],
  [
    /^\[WARN\].*does not require a password/,
    () => 'Redis asks for no password, and QUEUE_URL has one: is it the right server?',
  ],
  [
    /^\[ERROR\].*wrong number of arguments for 'auth'/,
    () => 'Redis knows no users, as up to version 5: leave the user out of QUEUE_URL.',
  ],
  [
    /^BullMQ: PostgreSQL (\d+) or newer.*\(detected ([^)]*)\)/s,
    ([, wanted, found]) => `PostgreSQL is version ${found}: ${wanted} or later is recommended.`,
  ],
  [/^(?:BullMQ:|\[ioredis\]) ?([^\n]*)/, ([, words = '']) => `the queue's library says: ${words}`],
];

let target: Logger | undefined;
let isTaken = false;
const said = new Set<string>();

/**
 * Has the lines that the queue's libraries write to the console go to the log, in our words, once each. All other lines
 * stay as they are. `log`: absent where nobody wants them, as in a command.
 */
export function takeLibraryLines(log: Logger | undefined): void {
  target = log;
  if (isTaken) return;
  isTaken = true;
  for (const method of ['warn', 'error'] as const) {
    const original = console[method].bind(console);
    console[method] = (...given: unknown[]) => {
      const line = String(given[0]);
      const known = WORDINGS.map(([form, words]) => ({ found: form.exec(line), words })).find(
        ({ found }) => found !== null,
      );
      if (known === undefined || known.found === null) return original(...given);
      const words = known.words?.(known.found);
      if (words === undefined || said.has(words)) return;
      said.add(words);
      target?.warn(words);
    };
  }
}
