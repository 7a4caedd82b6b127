import type { Command } from 'commander';
import type { BacktestOptions } from './command.ts';

/** Adds the command that looks back. */
export function addBacktest(
  program: Command,
  { group, run }: { group: string; run(command: () => Promise<number>): Promise<void> },
): void {
  program
    .command('backtest')
    .helpGroup(group)
    .description(
      'what would have been closed, and when, had this run before; needs no more than a key that may read',
    )
    .option('--since <duration>', 'incidents declared since then', '90d')
    .option('--policy <file>', 'with these rules, not those in force')
    .option('--against <file>', 'and with these, side by side')
    .option('--progress-file <file>', 'what was read so far: a run that was stopped goes on from there')
    .option('--json', 'print one JSON object, with every incident')
    .action((options: BacktestOptions) =>
      run(async () => (await import('./command.ts')).backtestCommand(options)),
    );
}
