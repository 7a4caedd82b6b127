import type { ReleaseResult } from '../operations/release.ts';
import { printJson, printLines } from '../terminal.ts';
import { operate } from './operate.ts';
import { DRY_RUN, operations } from './operations.ts';

/** `release INC-123 [--json]` */
export async function releaseCommand(
  incident: string,
  { json = false }: { json?: boolean },
): Promise<number> {
  const released = await operate(operations.release, { incident });
  if (json) printJson(released);
  else printLines(...releaseInWords(released));
  return 0;
}

/** What `release` prints. */
export function releaseInWords({ incident, lifted, words, dryRun }: ReleaseResult): string[] {
  if (dryRun)
    return [
      `${DRY_RUN} Nothing was changed: release ${incident} once the service works for real.`,
      ...lifted.map((what) => `  would be lifted: ${what}`),
    ];
  if (lifted.length > 0)
    return [
      `${incident} is released; a worker reviews it now.`,
      ...lifted.map((what) => `  lifted: ${what}`),
    ];
  const last = words === undefined ? 'It has not been reviewed yet.' : `The last review said: ${words}.`;
  return [
    `Nothing is known to hold ${incident}, so there was nothing to release. ${last}`,
    'A worker reviews it now.',
  ];
}
