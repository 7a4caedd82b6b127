import { inspect } from 'node:util';
import { IncidentIoError } from '../incident-io/errors.ts';
import { OperationError } from '../operations/operation.ts';
import { PolicyError } from '../policy/read-policy.ts';
import { CannotOpenError } from '../queue/cannot-open-error.ts';
import { FolderLockedError } from '../queue/sql/folder-lock.ts';
import { CannotListenError } from '../service/cannot-listen-error.ts';
import { SettingsError } from '../settings/settings.ts';
import { RefusedStoreError } from '../store/format.ts';
import { warnLines } from '../terminal.ts';
import { WrongOrganisationError } from '../worker/key-watch.ts';
import { loadEnvironment, whereSettingsAre } from './environment.ts';
import { MISUSED } from './misused-code.ts';
import { MisusedError } from './misused-error.ts';

/** Errors that a person can act on: printed as the message alone. Anything else is our bug, printed with its stack. */
const FOR_PEOPLE = [
  SettingsError,
  PolicyError,
  FolderLockedError,
  CannotOpenError,
  CannotListenError,
  OperationError,
  WrongOrganisationError,
  RefusedStoreError,
  IncidentIoError,
];

export function isForPeople(error: unknown): error is Error {
  return error instanceof Error && FOR_PEOPLE.some((kind) => error instanceof kind);
}

/** Exits the process with a command's exit code, or 1 (2 for a wrong argument) with the reason on stderr. `envFile`: as in `loadEnvironment`. */
export async function exitWith(command: () => Promise<number>, envFile?: string | false): Promise<void> {
  try {
    loadEnvironment(envFile);
    process.exitCode = await command();
  } catch (error) {
    warnLines(...linesOf(error), ...(error instanceof SettingsError ? whereSettingsAre() : []));
    process.exitCode = error instanceof MisusedError ? MISUSED : 1;
  }
  // Whatever a library left open must not keep a finished command alive.
  setTimeout(() => process.exit(), 1_000).unref();
}

/** Lines for people. Settings errors list their problems; operation errors contain outside names, and are one line. */
function linesOf(error: unknown): string[] {
  if (!isForPeople(error)) return inspect(error).split('\n');
  const isOneLine = error instanceof OperationError || error instanceof IncidentIoError;
  return isOneLine ? [error.message] : error.message.split('\n');
}
