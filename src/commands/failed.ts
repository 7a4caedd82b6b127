import { formatIso } from '../format-time.ts';
import type { FailedEntry } from '../operations/failed.ts';
import { printJson, printLines } from '../terminal.ts';
import { MisusedError } from './misused-error.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

/** `failed list [--json]` */
export async function failedListCommand({ json }: { json: boolean }): Promise<number> {
  const { failed } = await operate(operations.failed, {});
  if (json) printJson(failed);
  else printLines(...inWords(failed));
  return 0;
}

/** `failed retry <id> [--json]`, `failed retry --all [--json]` */
export async function failedRetryCommand(
  id: string | undefined,
  { all, json }: { all: boolean; json: boolean },
): Promise<number> {
  if (all === (id !== undefined))
    throw new MisusedError(
      'Name one failed job, as `failed list` shows it, or ask for `failed retry --all`.',
    );
  const { retried } = await operate(operations.retry, id === undefined ? {} : { id });
  if (json) printJson({ retried });
  else
    printLines(
      `${retried.length} ${retried.length === 1 ? 'job was' : 'jobs were'} put back; a worker takes them.`,
    );
  return 0;
}

function inWords(failed: readonly FailedEntry[]): string[] {
  if (failed.length === 0) return ['Nothing failed for good.'];
  return failed.flatMap(({ id, queue, incident, tasks, why, tries, at }) => {
    const about = incident ?? (tasks.length > 0 ? tasks.join(', ') : queue);
    return [`${id}  ${formatIso(at)}  ${about}`, `  after ${tries} ${tries === 1 ? 'try' : 'tries'}: ${why}`];
  });
}
