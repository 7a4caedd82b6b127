import nodeModule from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import { version } from '../../version.ts';
import { addActing } from './acting.ts';
import { addAsking } from './asking.ts';
import type { Run } from './run.ts';
import { addRunning } from './running.ts';
import { addSetUp } from './set-up.ts';
import { addTryIt } from './try-it.ts';

/** Whether Node.js can keep what V8 compiles, as the entry asks it to. */
const keepsCompiled = typeof Reflect.get(nodeModule, 'enableCompileCache') === 'function';

/** All commands with their arguments and options, in the order of use. Each loads only its own code when it runs. */
export function createProgram(): Command {
  const program = new Command('incident-closer')
    .description('Closes an incident in incident.io when the last of its follow-ups is done in the tracker.')
    .version(version())
    .showHelpAfterError('(incident-closer --help lists the commands)')
    .option('--env-file <file>', 'read settings from this file, not from .env in the working folder')
    .option('--no-env-file', 'read settings from no file')
    .addHelpText(
      'after',
      `
Examples:
  incident-closer demo             the whole story with a stand-in of incident.io; needs no account
  incident-closer check INC-123    what would be done with an incident now, and why

Settings come from the environment and from .env in the working folder; the environment wins. \`config\` shows them.
Exit codes: 0 done; 1 failed, or not as it should be; 2 a wrong command or argument.`,
    )
    .exitOverride();

  const run: Run = async (command, own = {}) => {
    const { exitWith } = await import('../run-command.ts');
    await exitWith(command, own.envFile ?? program.opts<{ envFile?: string | false }>().envFile);
  };
  const runBriefly: Run = (command, own) => {
    // Else V8 begins to optimize the HTTP parser of undici, which is WebAssembly, and the end of the process waits for it:
    // https://github.com/nodejs/node/issues/36616. Compiled code that is kept is of use to processes with the same flags.
    if (!keepsCompiled) setFlagsFromString('--liftoff-only');
    return run(command, own);
  };
  addTryIt(program, run);
  addSetUp(program, run);
  addRunning(program, run);
  addAsking(program, runBriefly);
  addActing(program, runBriefly);
  return program;
}
