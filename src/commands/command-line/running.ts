import type { Command } from 'commander';
import type { Run } from './run.ts';

const GROUP = 'Run:';

/** What goes on running. */
export function addRunning(program: Command, run: Run): void {
  program
    .command('start')
    .helpGroup(GROUP)
    .description('receive webhooks and work, in one process')
    .action(() => run(async () => (await import('../serve.ts')).serveCommand({ receive: true, work: true })));
  program
    .command('receive')
    .helpGroup(GROUP)
    .description('only receive webhooks and queue them')
    .action(() =>
      run(async () => (await import('../serve.ts')).serveCommand({ receive: true, work: false })),
    );
  program
    .command('work')
    .helpGroup(GROUP)
    .description('only work on what was queued')
    .action(() =>
      run(async () => (await import('../serve.ts')).serveCommand({ receive: false, work: true })),
    );
}
