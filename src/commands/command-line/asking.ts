import { Command } from 'commander';
import { addBacktest } from '../backtest/add-backtest.ts';
import { addPolicy } from '../policy/add-policy.ts';
import { positive } from './arguments.ts';
import type { Run } from './run.ts';

const GROUP = 'Ask:';

/** What tells something and changes nothing, for the most part. */
export function addAsking(program: Command, run: Run): void {
  program
    .command('check')
    .helpGroup(GROUP)
    .argument('[incident]', 'INC-123, or the full id')
    .description('what would be done with an incident now, and why; changes nothing')
    .option('--all', 'every open incident: what would be closed now')
    .option('--json', 'print one JSON object')
    .action((incident: string | undefined, { all, json }: { all?: boolean; json?: boolean }) =>
      run(async () =>
        (await import('../check.ts')).checkCommand(incident, {
          all: all === true,
          json: json === true,
        }),
      ),
    );
  addBacktest(program, { group: GROUP, run });
  addPolicy(program, { group: GROUP, run });
  const historyErase = new Command('erase')
    .copyInheritedSettings(program)
    .description("erase a person's name from what is kept: stories, evidence, what operators did")
    .requiredOption('--person <name>', 'as it is shown')
    .option('--json', 'print one JSON object')
    .action((options: { person: string; json?: boolean }) =>
      run(async () => (await import('../history.ts')).eraseCommand(options)),
    );
  program
    .command('history')
    .helpGroup(GROUP)
    .argument('[incident]', 'INC-123, or the full id: all that happened to it')
    .description('what was closed, when, and on which evidence, and who did what: the audit record')
    .option('--limit <n>', 'the newest so many', positive, 50)
    .option('--actions', 'only what operators did: hold, release, retry, sweep --backlog')
    .option('--json', 'print JSON')
    .action(
      (
        incident: string | undefined,
        { limit, json, actions }: { limit: number; json?: boolean; actions?: boolean },
      ) =>
        run(async () => {
          const { historyCommand, storyCommand } = await import('../history.ts');
          const options = { limit, json: json === true, actions: actions === true };
          return incident === undefined ? historyCommand(options) : storyCommand(incident, options);
        }),
    )
    .addCommand(historyErase);
  program
    .command('deliveries')
    .helpGroup(GROUP)
    .description('which webhooks came in: how each was read or why not, and which incidents it woke')
    .option('--refused', 'only what did not get in: refused, malformed, or not taken in time')
    .option('--task <key>', "a task's key or link: only what tells of it")
    .option('--limit <n>', 'the newest so many', positive, 50)
    .option('--json', 'print one JSON object')
    .action((options: { refused?: boolean; task?: string; limit: number; json?: boolean }) =>
      run(async () =>
        (await import('../deliveries.ts')).deliveriesCommand({
          ...options,
          refused: options.refused === true,
          json: options.json === true,
        }),
      ),
    );
  const failedList = new Command('list')
    .copyInheritedSettings(program)
    .description('what failed for good, the newest first')
    .option('--json', 'print one JSON array')
    .action(({ json }: { json?: boolean }) =>
      run(async () => (await import('../failed.ts')).failedListCommand({ json: json === true })),
    );
  const failedRetry = new Command('retry')
    .copyInheritedSettings(program)
    .argument('[id]', 'as `failed list` shows it')
    .description('run a failed job again')
    .option('--all', 'all of them')
    .option('--json', 'print one JSON object')
    .action((id: string | undefined, { all, json }: { all?: boolean; json?: boolean }) =>
      run(async () =>
        (await import('../failed.ts')).failedRetryCommand(id, { all: all === true, json: json === true }),
      ),
    );
  program
    .command('failed')
    .helpGroup(GROUP)
    .description('what failed for good and why, and running it again')
    .addCommand(failedList, { isDefault: true })
    .addCommand(failedRetry);
}
