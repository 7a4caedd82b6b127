import { type Command, Option } from 'commander';
import type { ConnectOptions } from '../connect/connect.ts';
import type { InitOptions } from '../init.ts';
import type { SecretOptions } from '../secret.ts';
import { durationArgument } from './arguments.ts';
import type { Run } from './run.ts';

const GROUP = 'Set up:';

/** What is done before the service runs. */
export function addSetUp(program: Command, run: Run): void {
  program
    .command('init')
    .helpGroup(GROUP)
    .description(
      'ask, check and write .env: the key, webhook secrets of the trackers in use, where data is kept',
    )
    .option('--tracker <name...>', 'set up these trackers, not those of the follow-ups that there are')
    .option('--data <place>', 'where queue and store live: a folder, redis://… or postgres://…')
    .option('--dry-run', 'begin with a dry run')
    .option('--no-dry-run', 'let the service write at once')
    .option('--file <file>', 'what is written', '.env')
    .action((options: InitOptions) =>
      run(async () => (await import('../init.ts')).initCommand(options), { envFile: false }),
    );
  program
    .command('secret')
    .helpGroup(GROUP)
    .argument('[tracker]', 'github, asana, generic, …')
    .description('make a strong secret for webhooks, and say where to put it')
    .addOption(
      new Option('--show', 'print the secrets that it offered in handshakes').conflicts([
        'another',
        'forget',
      ]),
    )
    .addOption(new Option('--another', 'take one more from a handshake, within an hour').conflicts('forget'))
    .option('--forget', 'forget them all, and take the next one that is offered')
    .option('--json', 'print one JSON object')
    .action((tracker: string | undefined, options: SecretOptions) =>
      run(async () => (await import('../secret.ts')).secretCommand(tracker, options)),
    );
  const connect = program
    .command('connect')
    .argument('[tracker]', 'github, …')
    .argument('[place...]', 'acme/api for a repository or project, acme for an organization or group, …')
    .description('make or fix a webhook in a tracker, and see that its deliveries arrive at PUBLIC_URL')
    .option('--list', 'only say what is connected, and how it is')
    .option(
      '--wait <time>',
      'how long a change to a task is waited for, as 5m, where nothing else proves it',
      durationArgument,
    );
  const disconnect = program
    .command('disconnect')
    .argument('<tracker>', 'github, …')
    .argument('<place...>', 'as for connect')
    .description('remove from a tracker the webhooks that lead to PUBLIC_URL');
  for (const command of [connect, disconnect])
    command
      .helpGroup(GROUP)
      .option('--token-file <file>', "an administrator's token; else CONNECT_TOKEN, else it is asked for")
      .option('--dry-run', 'show the calls that would change something')
      .option('--json', 'print one JSON object; the steps are told on stderr')
      .action((tracker: string, places: string[], options: ConnectOptions) => {
        const shell = { ...process.env };
        const name = command === connect ? 'connectCommand' : 'disconnectCommand';
        return run(async () =>
          (await import('../connect/connect.ts'))[name](tracker, places, options, shell),
        );
      });
  program
    .command('config')
    .helpGroup(GROUP)
    .description('the settings that are not their defaults, and where they were set; secrets masked')
    .option('--all', 'also those that have their default')
    .option('--check', 'exit with 1 where they are not valid')
    .option('--json', 'print one JSON object')
    .action(({ check, all, json }: { check?: boolean; all?: boolean; json?: boolean }) =>
      run(async () =>
        (await import('../config.ts')).configCommand({
          ...{ check: check === true, all: all === true, json: json === true },
        }),
      ),
    );
  program
    .command('notify')
    .helpGroup(GROUP)
    .description('tell those that the settings name for notifications, to see whether it arrives')
    .requiredOption('--test', 'send a test to each of them; exits 1 where one does not take it')
    .option('--json', 'print one JSON object')
    .action(({ json }: { json?: boolean }) =>
      run(async () => (await import('../notify/notify.ts')).notifyCommand({ json: json === true })),
    );
  program
    .command('doctor')
    .helpGroup(GROUP)
    .description(
      'check settings, queue, clock, API key and webhooks; exits 1 with what to do where something is wrong',
    )
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) =>
      run(async () => (await import('../doctor.ts')).doctorCommand(options)),
    );
  program
    .command('replay')
    .helpGroup(GROUP)
    .argument('<tracker>', 'github, jira, linear, ...: as in the address of its webhook')
    .argument('<payload.json>', 'a file with the body of a delivery; - reads it from stdin')
    .option(
      '--header <header>',
      "'Name: value' of a header that came with it",
      (one, all: string[]) => [...all, one],
      [],
    )
    .description('how a payload is read, or why it is ignored; needs no secret, and changes nothing')
    .option('--json', 'print one JSON object')
    .action((tracker: string, payload: string, options: { header: string[]; json?: boolean }) =>
      run(async () =>
        (await import('../replay.ts')).replayCommand(tracker, payload, {
          ...{ headers: options.header, json: options.json === true },
        }),
      ),
    );
  program
    .command('completion')
    .helpGroup(GROUP)
    .argument('<shell>', 'bash, zsh or fish')
    .description(
      'print what completes these commands in your shell: source <(incident-closer completion bash)',
    )
    .action((shell: string) =>
      run(async () => (await import('../completion/completion.ts')).completionCommand(shell, program), {
        envFile: false,
      }),
    );
}
