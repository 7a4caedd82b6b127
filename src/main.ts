import { CommanderError } from 'commander';
import { createProgram } from './commands/command-line/program.ts';
import { MISUSED } from './commands/misused-code.ts';

process.stdout.on('error', endUnread);
try {
  await createProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // What it has to say it has said.
  process.exitCode = error.exitCode === 0 ? 0 : MISUSED;
}

/** `--help | head`: nobody reads the rest. What goes on without a reader, as the log of a service, listens as well. */
function endUnread(error: NodeJS.ErrnoException): void {
  if (process.stdout.listenerCount('error') > 1) return;
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
