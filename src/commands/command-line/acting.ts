import type { Command } from 'commander';
import type { PassphraseOptions } from '../passphrase.ts';
import type { Run } from './run.ts';

const GROUP = 'Act:';

/** What operators do. */
export function addActing(program: Command, run: Run): void {
  program
    .command('hold')
    .helpGroup(GROUP)
    .argument('<incident>', 'INC-123, or the full id')
    .description('keep an incident open, whatever its follow-ups say, until it is released')
    .requiredOption('--why <reason>', 'told wherever somebody asks what keeps it open')
    .option('--json', 'print one JSON object')
    .action((incident: string, options: { why: string; json?: boolean }) =>
      run(async () => (await import('../hold.ts')).holdCommand(incident, options)),
    );
  program
    .command('release')
    .helpGroup(GROUP)
    .argument('<incident>', 'INC-123, or the full id')
    .description('lift whatever holds an incident: moved back, backlog, closed by automation, refused')
    .option('--json', 'print one JSON object')
    .action((incident: string, options: { json?: boolean }) =>
      run(async () => (await import('../release.ts')).releaseCommand(incident, options)),
    );
  program
    .command('sweep')
    .helpGroup(GROUP)
    .description('look now at every incident that might be ready')
    .option('--backlog', 'close also the incidents that were ready before incident-closer came')
    .option('--json', 'print one JSON object')
    .action(({ backlog, json }: { backlog?: boolean; json?: boolean }) =>
      run(async () =>
        (await import('../sweep.ts')).sweepCommand({ backlog: backlog === true, json: json === true }),
      ),
    );
  for (const [name, description, verb] of [
    ['export', 'write all that the store knows to a file, to back it up or to move it', 'sealed'],
    ['import', 'fill an empty place (QUEUE_URL) with what `export` wrote', 'opened'],
  ] as const)
    program
      .command(name)
      .helpGroup(GROUP)
      .argument('<file>', `the file; - is ${name === 'export' ? 'stdout' : 'stdin'}`)
      .description(description)
      .option('--passphrase-file <file>', `a file with the passphrase that secrets are ${verb} with`)
      .option('--without-secrets', 'leave out the secrets that trackers offered in handshakes')
      .option('--json', 'print one JSON object that says what was done')
      .action((file: string, options: PassphraseOptions & { json?: boolean }) =>
        run(async () =>
          name === 'export'
            ? (await import('../export.ts')).exportCommand(file, options)
            : (await import('../import.ts')).importCommand(file, options),
        ),
      );
}
