import { IncidentIoError } from '../incident-io/errors.ts';
import { OperationError } from '../operations/operation.ts';
import { PolicyError } from '../policy/read-policy.ts';
import { CannotOpenError } from '../queue/cannot-open-error.ts';
import { FolderLockedError } from '../queue/folder-lock.ts';
import { CannotListenError } from '../service/cannot-listen-error.ts';
import { SettingsError } from '../settings.ts';
import { WrongOrganisationError } from '../worker/key-watch.ts';

/** What a person can do something about: told by its message alone. Anything else is a fault of ours, told with its stack. */
const FOR_PEOPLE = [
  SettingsError,
  PolicyError,
  FolderLockedError,
  CannotOpenError,
  CannotListenError,
  OperationError,
  WrongOrganisationError,
  IncidentIoError,
];

/** Ends the process with what a command answers: its exit code, or 1 with the reason on stderr. */
export async function exitWith(command: Promise<number>): Promise<void> {
  try {
    process.exitCode = await command;
  } catch (error) {
    console.error(
      FOR_PEOPLE.some((kind) => error instanceof kind) && error instanceof Error ? error.message : error,
    );
    process.exitCode = 1;
  }
  // Whatever a library left open must not keep a finished command.
  setTimeout(() => process.exit(), 1_000).unref();
}
