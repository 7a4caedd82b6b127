#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import type { SecretOptions } from './commands/secret.ts';
import { version } from './version.ts';

const program = new Command('incident-closer')
  .description('Closes an incident in incident.io when the last of its follow-ups is done in the tracker.')
  .version(version())
  .showHelpAfterError('(incident-closer --help lists the commands)');

program
  .command('start')
  .description('receive webhooks and work, in one process')
  .action(() =>
    run(async () => (await import('./commands/serve.ts')).serveCommand({ receive: true, work: true })),
  );
program
  .command('receive')
  .description('only receive webhooks and queue them')
  .action(() =>
    run(async () => (await import('./commands/serve.ts')).serveCommand({ receive: true, work: false })),
  );
program
  .command('work')
  .description('only work on what was queued')
  .action(() =>
    run(async () => (await import('./commands/serve.ts')).serveCommand({ receive: false, work: true })),
  );
program
  .command('check')
  .argument('[incident]', 'INC-123, or the full id')
  .description('what would be done with an incident now, and why; changes nothing')
  .option('--all', 'every open incident: what would be closed now')
  .option('--json', 'print one JSON object')
  .action((incident: string | undefined, { all, json }: { all?: boolean; json?: boolean }) =>
    run(async () =>
      (await import('./commands/check.ts')).checkCommand(incident, {
        all: all === true,
        json: json === true,
      }),
    ),
  );
program
  .command('sweep')
  .description('look now at every incident that might be ready')
  .option('--backlog', 'close also the incidents that were ready before incident-closer came')
  .action((options: { backlog?: boolean }) =>
    run(async () =>
      (await import('./commands/sweep.ts')).sweepCommand({ backlog: options.backlog === true }),
    ),
  );
program
  .command('release')
  .argument('<incident>', 'INC-123, or the full id')
  .description('lift whatever holds an incident: moved back, backlog, closed by automation, refused')
  .action((incident: string) =>
    run(async () => (await import('./commands/release.ts')).releaseCommand(incident)),
  );
program
  .command('replay')
  .argument('<tracker>', 'github, jira, linear, ...: as in the address of its webhook')
  .argument('<payload.json>', 'a file with the body of a delivery')
  .option(
    '--header <header>',
    "'Name: value' of a header that came with it",
    (one, all: string[]) => [...all, one],
    [],
  )
  .description('how a payload is read, or why it is ignored; needs no secret, and changes nothing')
  .action((tracker: string, payload: string, options: { header: string[] }) =>
    run(async () =>
      (await import('./commands/replay.ts')).replayCommand(tracker, payload, { headers: options.header }),
    ),
  );
program
  .command('secret')
  .argument('[tracker]', 'github, asana, generic, …')
  .description('make a strong secret for webhooks, and say where to put it')
  .addOption(
    new Option('--show', 'print the secrets that it offered in handshakes').conflicts(['another', 'forget']),
  )
  .addOption(new Option('--another', 'take one more from a handshake, within an hour').conflicts('forget'))
  .option('--forget', 'forget them all, and take the next one that is offered')
  .action((tracker: string | undefined, options: SecretOptions) =>
    run(async () => (await import('./commands/secret.ts')).secretCommand(tracker, options)),
  );
program
  .command('doctor')
  .description(
    'check settings, queue, clock, API key and webhooks; exits 1 with what to do where something is wrong',
  )
  .action(() => run(async () => (await import('./commands/doctor.ts')).doctorCommand()));
program
  .command('hold')
  .argument('<incident>', 'INC-123, or the full id')
  .description('keep an incident open, whatever its follow-ups say, until it is released')
  .requiredOption('--why <reason>', 'told wherever somebody asks what keeps it open')
  .action((incident: string, options: { why: string }) =>
    run(async () => (await import('./commands/hold.ts')).holdCommand(incident, options)),
  );
program
  .command('history')
  .description('what was closed, when, and on which evidence: the audit record')
  .option('--limit <n>', 'the newest so many', positive, 50)
  .option('--json', 'print one JSON array')
  .action(({ limit, json }: { limit: number; json?: boolean }) =>
    run(async () => (await import('./commands/history.ts')).historyCommand({ limit, json: json === true })),
  );
const failedList = new Command('list')
  .description('what failed for good, the newest first')
  .option('--json', 'print one JSON array')
  .action(({ json }: { json?: boolean }) =>
    run(async () => (await import('./commands/failed.ts')).failedListCommand({ json: json === true })),
  );
const failedRetry = new Command('retry')
  .argument('[id]', 'as `failed list` shows it')
  .description('have a failed job done anew')
  .option('--all', 'all of them')
  .action((id: string | undefined, { all }: { all?: boolean }) =>
    run(async () => (await import('./commands/failed.ts')).failedRetryCommand(id, { all: all === true })),
  );
program
  .command('failed')
  .description('what failed for good and why, and having it done anew')
  .addCommand(failedList, { isDefault: true })
  .addCommand(failedRetry);
program
  .command('config')
  .description('the settings in force, secrets masked')
  .option('--check', 'exit with 1 where they are not valid')
  .action(({ check }: { check?: boolean }) =>
    run(async () => (await import('./commands/config.ts')).configCommand({ check: check === true })),
  );
program
  .command('demo')
  .description('show it all with a stand-in of incident.io; needs no account')
  .option('--exit', 'stop when the incident is closed')
  .action((options: { exit?: boolean }) =>
    run(async () => (await import('./commands/demo.ts')).demoCommand({ exit: options.exit === true })),
  );

await program.parseAsync();

/** Loads what a command needs, and no other one's code, which would make each of them begin a tenth of a second later. */
async function run(command: () => Promise<number>): Promise<void> {
  const { exitWith } = await import('./commands/run-command.ts');
  await exitWith(command());
}

function positive(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number from 1 on.');
}
