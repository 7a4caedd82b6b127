import { Command } from 'commander';

interface CommandLine {
  /** The heading in the help. */
  group: string;
  run(command: () => Promise<number>): Promise<void>;
}

/** `policy explain` and `policy test`. */
export function addPolicy(program: Command, { group, run }: CommandLine): void {
  const explain = new Command('explain')
    .copyInheritedSettings(program)
    .argument('<incident>', 'INC-123, or the full id')
    .description('which rules fit an incident, what each sets, and what holds for it')
    .option('--json', 'print one JSON object')
    .action((incident: string, { json }: { json?: boolean }) =>
      run(async () => (await import('./explain.ts')).explainCommand(incident, { json: json === true })),
    );
  const test = new Command('test')
    .copyInheritedSettings(program)
    .argument('<cases.yaml>', 'incidents as you describe them, and the verdicts that you expect')
    .description('try the policy on cases of your own; exits 1 where a verdict is not as expected')
    .option('--policy <file>', 'try this policy file, not the one in force')
    .option('--json', 'print one JSON object')
    .action((file: string, { policy, json }: { policy?: string; json?: boolean }) =>
      run(async () =>
        (await import('./test.ts')).testCommand(file, {
          ...(policy !== undefined && { policy }),
          json: json === true,
        }),
      ),
    );
  program
    .command('policy')
    .helpGroup(group)
    .description('what the rules of the policy file say: of one incident, or of cases of your own')
    .addCommand(explain)
    .addCommand(test);
}
