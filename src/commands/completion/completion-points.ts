import type { Command, Option } from 'commander';

/** What may stand at one place of the command line. */
export interface CompletionPoint {
  /** The commands that lead there: `failed retry`; empty for the program itself. */
  path: string;
  commands: readonly { name: string; about: string }[];
  flags: readonly Flag[];
  /** The kinds of its arguments, in order. */
  values: readonly Value[];
}

export interface Flag {
  /** `--limit` */
  long: string;
  about: string;
  /** What follows it; absent if nothing does. */
  value?: Value;
}

/** What a person gives: a file, the name of a tracker, or something that nobody can list. */
export type Value = 'file' | 'tracker' | 'shell' | 'any';

/** All places, from the one declaration of commands, arguments and options. */
export function completionPointsOf(program: Command): CompletionPoint[] {
  const [first, ...others] = completionPointsBelow(program, []);
  if (first === undefined) throw new TypeError('a program without a place');
  const help: CompletionPoint = { path: 'help', commands: first.commands, flags: [], values: [] };
  const commands = [...first.commands, { name: 'help', about: 'tell about a command' }];
  return [{ ...first, commands }, ...others, help];
}

function completionPointsBelow(command: Command, names: readonly string[]): CompletionPoint[] {
  const { commands } = command;
  const flags = command.options.filter(({ hidden }) => !hidden);
  return [
    {
      path: names.join(' '),
      commands: commands.map((one) => ({ name: one.name(), about: one.description() })),
      flags: [...flags.flatMap(flagOf), { long: '--help', about: 'tell about it' }],
      values: command.registeredArguments.map((one) => kindOf(one.name())),
    },
    ...commands.flatMap((one) => completionPointsBelow(one, [...names, one.name()])),
  ];
}

function flagOf({ long, description, flags, required, optional }: Option): Flag[] {
  if (long == null) return [];
  const name = long === '--tracker' ? 'tracker' : (/<([^>.]+)/.exec(flags)?.[1] ?? '');
  return [{ long, about: description, ...((required || optional) && { value: kindOf(name) }) }];
}

function kindOf(name: string): Value {
  if (/file|payload/.test(name)) return 'file';
  return name === 'tracker' || name === 'shell' ? name : 'any';
}
