#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { addBacktest } from './commands/backtest/add-backtest.ts';
import type { ConnectOptions } from './commands/connect.ts';
import type { InitOptions } from './commands/init.ts';
import { MISUSED } from './commands/misused-code.ts';
import type { PassphraseOptions } from './commands/passphrase.ts';
import type { SecretOptions } from './commands/secret.ts';
import { addTryIt } from './commands/try-it.ts';
import { version } from './version.ts';

/** The commands, in the order of use. */
const TRY = 'Try it:';
const SET_UP = 'Set up:';
const RUN = 'Run:';
const ASK = 'Ask:';
const ACT = 'Act:';

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

addTryIt(program, { group: TRY, run, positive });
program
  .command('init')
  .helpGroup(SET_UP)
  .description(
    'ask, check and write .env: the key, webhook secrets of the trackers in use, where data is kept',
  )
  .option('--tracker <name...>', 'set up these trackers, not those of the follow-ups that there are')
  .option('--data <place>', 'where queue and store live: a folder, redis://… or postgres://…')
  .option('--dry-run', 'begin with a dry run')
  .option('--no-dry-run', 'let the service write at once')
  .option('--file <file>', 'what is written', '.env')
  .action((options: InitOptions) =>
    run(async () => (await import('./commands/init.ts')).initCommand(options), { envFile: false }),
  );
program
  .command('secret')
  .helpGroup(SET_UP)
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
const connect = program
  .command('connect')
  .argument('[tracker]', 'github, …')
  .argument('[place...]', 'acme/api for a repository or project, acme for an organization or group, …')
  .description('make or mend a webhook in a tracker, and see that its deliveries arrive at PUBLIC_URL')
  .option('--list', 'only say what is connected, and how it is');
const disconnect = program
  .command('disconnect')
  .argument('<tracker>', 'github, …')
  .argument('<place...>', 'as for connect')
  .description('remove from a tracker the webhooks that lead to PUBLIC_URL');
for (const command of [connect, disconnect])
  command
    .helpGroup(SET_UP)
    .option('--token-file <file>', "an administrator's token; else CONNECT_TOKEN, else it is asked for")
    .option('--dry-run', 'show the calls that would change something')
    .action((tracker: string, places: string[], options: ConnectOptions) => {
      const shell = { ...process.env };
      const name = command === connect ? 'connectCommand' : 'disconnectCommand';
      return run(async () => (await import('./commands/connect.ts'))[name](tracker, places, options, shell));
    });
program
  .command('config')
  .helpGroup(SET_UP)
  .description('the settings in force, secrets masked')
  .option('--check', 'exit with 1 where they are not valid')
  .action(({ check }: { check?: boolean }) =>
    run(async () => (await import('./commands/config.ts')).configCommand({ check: check === true })),
  );
program
  .command('doctor')
  .helpGroup(SET_UP)
  .description(
    'check settings, queue, clock, API key and webhooks; exits 1 with what to do where something is wrong',
  )
  .action(() => run(async () => (await import('./commands/doctor.ts')).doctorCommand()));
program
  .command('replay')
  .helpGroup(SET_UP)
  .argument('<tracker>', 'github, jira, linear, ...: as in the address of its webhook')
  .argument('<payload.json>', 'a file with the body of a delivery; - reads it from stdin')
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
  .command('start')
  .helpGroup(RUN)
  .description('receive webhooks and work, in one process')
  .action(() =>
    run(async () => (await import('./commands/serve.ts')).serveCommand({ receive: true, work: true })),
  );
program
  .command('receive')
  .helpGroup(RUN)
  .description('only receive webhooks and queue them')
  .action(() =>
    run(async () => (await import('./commands/serve.ts')).serveCommand({ receive: true, work: false })),
  );
program
  .command('work')
  .helpGroup(RUN)
  .description('only work on what was queued')
  .action(() =>
    run(async () => (await import('./commands/serve.ts')).serveCommand({ receive: false, work: true })),
  );
program
  .command('check')
  .helpGroup(ASK)
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
addBacktest(program, { group: ASK, run });
const historyErase = new Command('erase')
  .copyInheritedSettings(program)
  .description("erase a person's name from what is kept: stories, evidence, what operators did")
  .requiredOption('--person <name>', 'as it is shown')
  .action(({ person }: { person: string }) =>
    run(async () => (await import('./commands/history.ts')).eraseCommand({ person })),
  );
program
  .command('history')
  .helpGroup(ASK)
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
        const { historyCommand, storyCommand } = await import('./commands/history.ts');
        const options = { limit, json: json === true, actions: actions === true };
        return incident === undefined ? historyCommand(options) : storyCommand(incident, options);
      }),
  )
  .addCommand(historyErase);
program
  .command('deliveries')
  .helpGroup(ASK)
  .description('which webhooks came in: how each was read or why not, and which incidents it woke')
  .option('--refused', 'only what did not get in: refused, malformed, or not taken in time')
  .option('--task <key>', "a task's key or link: only what tells of it")
  .option('--limit <n>', 'the newest so many', positive, 50)
  .option('--json', 'print one JSON object')
  .action((options: { refused?: boolean; task?: string; limit: number; json?: boolean }) =>
    run(async () =>
      (await import('./commands/deliveries.ts')).deliveriesCommand({
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
    run(async () => (await import('./commands/failed.ts')).failedListCommand({ json: json === true })),
  );
const failedRetry = new Command('retry')
  .copyInheritedSettings(program)
  .argument('[id]', 'as `failed list` shows it')
  .description('have a failed job done anew')
  .option('--all', 'all of them')
  .action((id: string | undefined, { all }: { all?: boolean }) =>
    run(async () => (await import('./commands/failed.ts')).failedRetryCommand(id, { all: all === true })),
  );
program
  .command('failed')
  .helpGroup(ASK)
  .description('what failed for good and why, and having it done anew')
  .addCommand(failedList, { isDefault: true })
  .addCommand(failedRetry);
program
  .command('hold')
  .helpGroup(ACT)
  .argument('<incident>', 'INC-123, or the full id')
  .description('keep an incident open, whatever its follow-ups say, until it is released')
  .requiredOption('--why <reason>', 'told wherever somebody asks what keeps it open')
  .action((incident: string, options: { why: string }) =>
    run(async () => (await import('./commands/hold.ts')).holdCommand(incident, options)),
  );
program
  .command('release')
  .helpGroup(ACT)
  .argument('<incident>', 'INC-123, or the full id')
  .description('lift whatever holds an incident: moved back, backlog, closed by automation, refused')
  .action((incident: string) =>
    run(async () => (await import('./commands/release.ts')).releaseCommand(incident)),
  );
program
  .command('sweep')
  .helpGroup(ACT)
  .description('look now at every incident that might be ready')
  .option('--backlog', 'close also the incidents that were ready before incident-closer came')
  .action((options: { backlog?: boolean }) =>
    run(async () =>
      (await import('./commands/sweep.ts')).sweepCommand({ backlog: options.backlog === true }),
    ),
  );
for (const [name, description, verb] of [
  ['export', 'write all that the store knows to a file, to back it up or to move it', 'sealed'],
  ['import', 'fill an empty place (QUEUE_URL) with what `export` wrote', 'opened'],
] as const)
  program
    .command(name)
    .helpGroup(ACT)
    .argument('<file>', `the file; - is ${name === 'export' ? 'stdout' : 'stdin'}`)
    .description(description)
    .option('--passphrase-file <file>', `a file with the passphrase that secrets are ${verb} with`)
    .option('--without-secrets', 'leave out the secrets that trackers offered in handshakes')
    .action((file: string, options: PassphraseOptions) =>
      run(async () =>
        name === 'export'
          ? (await import('./commands/export.ts')).exportCommand(file, options)
          : (await import('./commands/import.ts')).importCommand(file, options),
      ),
    );

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // What it has to say it has said.
  process.exitCode = error.exitCode === 0 ? 0 : MISUSED;
}

/**
 * Loads only the command's own code: loading all of it would delay each command by a tenth of a second. `envFile` is
 * `false` for what has its own settings.
 */
async function run(command: () => Promise<number>, own: { envFile?: false } = {}): Promise<void> {
  const { exitWith } = await import('./commands/run-command.ts');
  await exitWith(command, own.envFile ?? program.opts<{ envFile?: string | false }>().envFile);
}

function positive(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number from 1 on.');
}
