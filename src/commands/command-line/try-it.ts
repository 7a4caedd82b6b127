import type { Command } from 'commander';
import { positive } from './arguments.ts';
import type { Run } from './run.ts';

const GROUP = 'Try it:';

/** The commands to try it with, which need no account. */
export function addTryIt(program: Command, run: Run): void {
  program
    .command('demo')
    .helpGroup(GROUP)
    .description('show it all with a stand-in of incident.io; needs no account')
    .option('--exit', 'stop when the incident is closed')
    .action((options: { exit?: boolean }) =>
      run(async () => (await import('../demo.ts')).demoCommand({ exit: options.exit === true }), {
        envFile: false,
      }),
    );
  const simulator = program
    .command('simulator')
    .helpGroup(GROUP)
    .description(
      'a stand-in of incident.io with incidents of every kind, to try settings and board with no account',
    )
    .option('--incidents <n>', 'how many', positive, 30)
    .option('--history <duration>', 'with all that happened to them over so long, to try `backtest` on')
    .option('--port <n>', 'where it listens', positive, 4010)
    .action((options: { incidents: number; history?: string; port: number }) =>
      run(async () => (await import('../simulator.ts')).simulatorCommand(options), { envFile: false }),
    );
  for (const [name, action, what] of [
    ['close', 'closed', 'tell a running service, as GitHub would, that an issue was closed'],
    ['reopen', 'reopened', 'the same of an issue that was reopened'],
  ] as const)
    simulator
      .command(name)
      .argument('<issue>', 'acme/api#1')
      .description(what)
      .option('--to <url>', 'where the service listens (http://127.0.0.1:3000)')
      .option('--secret <secret>', "its GITHUB_WEBHOOK_SECRET (that of the simulator's own line)")
      .action((issue: string, options: { to?: string; secret?: string }) =>
        run(async () => (await import('../simulator.ts')).simulatorIssueCommand(action, issue, options), {
          envFile: false,
        }),
      );
}
