import type { Command } from 'commander';
import { printScript } from '../../terminal.ts';
import { sources } from '../../trackers/index.ts';
import { MisusedError } from '../misused-error.ts';
import { completionPointsOf } from './completion-points.ts';
import { SHELLS, scriptFor } from './scripts.ts';

/** `completion bash|zsh|fish`: prints what completes the commands in that shell. */
export async function completionCommand(name: string, program: Command): Promise<number> {
  const shell = SHELLS.find((one) => one === name);
  if (shell === undefined)
    throw new MisusedError(`There is no completion for "${name}": give one of ${SHELLS.join(', ')}.`);
  printScript(
    scriptFor(shell, {
      program: program.name(),
      places: completionPointsOf(program),
      trackers: sources.map((one) => one.name),
    }),
  );
  return 0;
}
