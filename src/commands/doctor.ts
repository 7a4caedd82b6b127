import { examine } from '../doctor/examine.ts';
import { type Finding, trouble } from '../doctor/finding.ts';
import { OperationError } from '../operations/operation.ts';
import { PolicyError } from '../policy/read-policy.ts';
import { CannotOpenError } from '../queue/cannot-open-error.ts';
import { FolderLockedError } from '../queue/sql/folder-lock.ts';
import { readSettings, type Settings, SettingsError } from '../settings/settings.ts';
import { printJson, printLines } from '../terminal.ts';
import { askRunning, withPlace } from './operate.ts';
import { operations } from './operations.ts';

const MARKS = { ok: 'ok', warning: 'WARNING', trouble: 'TROUBLE' } as const;

/** `doctor [--json]`: checks whether everything would work. Returns 1 if something would not. */
export async function doctorCommand({ json = false }: { json?: boolean } = {}): Promise<number> {
  const findings = await examineAll();
  const troubles = findings.filter(({ state }) => state === 'trouble').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  if (json) printJson({ findings, troubles, warnings, words: summary(troubles, warnings) });
  else {
    printFindings(findings);
    printLines(summary(troubles, warnings));
  }
  return troubles > 0 ? 1 : 0;
}

export function printFindings(findings: readonly Finding[]): void {
  for (const { about, state, words } of findings) printLines(`${MARKS[state].padEnd(8)} ${about}: ${words}`);
}

function summary(troubles: number, warnings: number): string {
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  if (troubles > 0)
    return `It would not work as it is: ${count(troubles, 'trouble')}, ${count(warnings, 'warning')}.`;
  return warnings > 0 ? `It works, with ${count(warnings, 'warning')}.` : 'All is well.';
}

/** All that there is to find out. */
export async function examineAll(): Promise<Finding[]> {
  let settings: Settings & { apiKey: string };
  try {
    settings = readSettings(process.env, ['apiKey']);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map((words) => trouble('configuration', words));
  }
  try {
    return await withPlace(
      settings,
      (_, open) => examine(open(settings.apiKey), addressOf(settings)),
      (running) => askRunning(running, operations.doctor, { service: running.address }),
      true,
    );
  } catch (error) {
    if (error instanceof PolicyError)
      return error.problems.map((problem) => trouble('policy', `${error.file}${problem}`));
    // Queue and store cannot be opened: nothing else can be checked without them.
    const known = [CannotOpenError, FolderLockedError, OperationError].some((kind) => error instanceof kind);
    if (!known || !(error instanceof Error)) throw error;
    return [trouble('queue', error.message)];
  }
}

/** Where a service with these settings would be reached from this machine; undefined if its port is unknown. */
function addressOf({ host, port }: Settings): string | undefined {
  if (port === 0) return undefined;
  const local = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
}
