import { examine } from '../doctor/examine.ts';
import { type Finding, trouble } from '../doctor/finding.ts';
import { OperationError } from '../operations/operation.ts';
import { PolicyError } from '../policy/read-policy.ts';
import { CannotOpenError } from '../queue/cannot-open-error.ts';
import { FolderLockedError } from '../queue/folder-lock.ts';
import { readSettings, type Settings, SettingsError } from '../settings.ts';
import { askRunning, withPlace } from './operate.ts';
import { operations } from './operations.ts';

const MARKS = { ok: 'ok', warning: 'WARNING', trouble: 'TROUBLE' } as const;

/** `doctor`: looks whether everything would work. Answers 1 where something would not. */
export async function doctorCommand(): Promise<number> {
  const findings = await look();
  for (const { about, state, words } of findings) console.log(`${MARKS[state].padEnd(8)} ${about}: ${words}`);
  const troubles = findings.filter(({ state }) => state === 'trouble').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  console.log(summary(troubles, warnings));
  return troubles > 0 ? 1 : 0;
}

function summary(troubles: number, warnings: number): string {
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  if (troubles > 0)
    return `It would not work as it is: ${count(troubles, 'trouble')}, ${count(warnings, 'warning')}.`;
  return warnings > 0 ? `It works, with ${count(warnings, 'warning')}.` : 'All is well.';
}

async function look(): Promise<Finding[]> {
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
    );
  } catch (error) {
    if (error instanceof PolicyError) return [trouble('configuration', error.message)];
    // The place of queue and store cannot be opened: nothing else can be looked at without it.
    const known = [CannotOpenError, FolderLockedError, OperationError].some((kind) => error instanceof kind);
    if (!known || !(error instanceof Error)) throw error;
    return [trouble('queue', error.message)];
  }
}

/** Where a service with these settings would be reached from this machine; a port that is not known is nobody's. */
function addressOf({ host, port }: Settings): string | undefined {
  if (port === 0) return undefined;
  const local = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
}
