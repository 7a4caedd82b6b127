/** What shells need to complete a command line. */
import type { CompletionPoint, Flag, Value } from './completion-points.ts';

export interface Completed {
  /** `incident-closer` */
  program: string;
  places: readonly CompletionPoint[];
  trackers: readonly string[];
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const scripts: Record<Shell, (completed: Completed) => string> = { bash, zsh, fish };

export function scriptFor(shell: Shell, completed: Completed): string {
  return scripts[shell](completed);
}

/** How a shell names the words of the line. */
interface Line {
  current: string;
  /** Of the word after the program, and the one after the last word before the cursor. */
  first: number;
  end: string;
  word: string;
}

/** https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
function bash({ program, places, trackers }: Completed): string {
  const line = {
    current: shell('COMP_WORDS[COMP_CWORD]'),
    ...{ first: 1, end: 'COMP_CWORD', word: shell('COMP_WORDS[index]') },
  };
  const ways = {
    words: (list: readonly string[]) => `COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$current"))`,
    files: `_incident_closer_files`,
  };
  return `${FILES}
${named(program)}() {
  COMPREPLY=()
${walk(line, places)}
${offers(places, trackers, ways)}
}
complete -F ${named(program)} ${program}
`;
}

/** Names with blanks stay whole. */
const FILES = `_incident_closer_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$current"))
  compopt -o filenames 2> /dev/null
}`;

/** https://zsh.sourceforge.io/Doc/Release/Completion-Widgets.html */
function zsh({ program, places, trackers }: Completed): string {
  const line = {
    current: shell('words[CURRENT]'),
    ...{ first: 2, end: 'CURRENT', word: shell('words[index]') },
  };
  const ways = { words: (list: readonly string[]) => `compadd -- ${list.join(' ')}`, files: '_files' };
  return `#compdef ${program}
${named(program)}() {
${walk(line, places)}
${offers(places, trackers, ways)}
}
compdef ${named(program)} ${program}
`;
}

/** `${name}` in a script. */
function shell(name: string): string {
  return `\${${name}}`;
}

function named(program: string): string {
  return `_${program.replaceAll('-', '_')}`;
}

/** Which command the line before the cursor names, how many arguments it has, and which flag waits for its value. */
function walk({ current, first, end, word }: Line, places: readonly CompletionPoint[]): string {
  const below = places.flatMap(({ path, commands }) => commands.map(({ name }) => at(path, name)));
  const valued = places.flatMap(({ path, flags }) =>
    flags.flatMap(({ long, value }) => (value === undefined ? [] : [at(path, long)])),
  );
  const here = `"${shell('place:+$place ')}$word"`;
  return `  local current="${current}" place='' waiting='' word index
  local -i given=0
  for ((index = ${first}; index < ${end}; index++)); do
    word="${word}"
    if [[ -n $waiting ]]; then
      waiting=''
      continue
    fi
    case ${here} in
      ${valued.join(' | ')}) waiting="$word" ;;
      ${below.join(' | ')}) place=${here} ;;
      *) [[ $word == -* ]] || given+=1 ;;
    esac
  done`;
}

/** `'failed retry'` */
function at(path: string, name: string): string {
  return `'${`${path} ${name}`.trim()}'`;
}

interface Ways {
  words(list: readonly string[]): string;
  files: string;
}

/** What is offered at each place. */
function offers(places: readonly CompletionPoint[], trackers: readonly string[], ways: Ways): string {
  const offered = (value: Value): string | undefined => {
    if (value === 'file') return ways.files;
    if (value === 'tracker') return ways.words(trackers);
    return value === 'shell' ? ways.words(SHELLS) : undefined;
  };
  const values = places.flatMap(({ path, flags }) =>
    flags.flatMap(({ long, value }) => {
      const what = value === undefined ? undefined : offered(value);
      return what === undefined ? [] : [`      ${at(path, long)}) ${what} ;;`];
    }),
  );
  const each = places.map((place) => {
    const { path, commands, flags, values: kinds } = place;
    const args = kinds.flatMap((kind, index) => {
      const what = offered(kind);
      return what === undefined ? [] : [`      [[ $given -eq ${index} ]] && ${what}`];
    });
    return [
      `    '${path}')`,
      '      if [[ $current == -* ]]; then',
      `        ${ways.words(flags.map(({ long }) => long))}`,
      '        return',
      '      fi',
      ...(commands.length > 0
        ? [`      [[ $given -eq 0 ]] && ${ways.words(commands.map(({ name }) => name))}`]
        : []),
      ...args,
      '      ;;',
    ].join('\n');
  });
  return `  if [[ -n $waiting ]]; then
    case "${shell('place:+$place ')}$waiting" in
${values.join('\n')}
    esac
    return
  fi
  case "$place" in
${each.join('\n')}
  esac`;
}

/** https://fishshell.com/docs/current/completions.html */
function fish({ program, places, trackers }: Completed): string {
  const lines = [`complete -c ${program} -f`];
  for (const { path, commands, flags, values } of places) {
    const at = conditionAt(path, commands);
    for (const { name, about } of commands)
      lines.push(`complete -c ${program} -n ${quoted(at)} -a ${name} -d ${quoted(about)}`);
    for (const flag of flags)
      lines.push(`complete -c ${program} -n ${quoted(within(path))} ${fishFlag(flag, trackers)}`);
    if (values.includes('file')) lines.push(`complete -c ${program} -n ${quoted(within(path))} -F`);
    if (values.includes('tracker'))
      lines.push(`complete -c ${program} -n ${quoted(within(path))} -a ${quoted(trackers.join(' '))}`);
    if (values.includes('shell'))
      lines.push(`complete -c ${program} -n ${quoted(within(path))} -a ${quoted(SHELLS.join(' '))}`);
  }
  return `${lines.join('\n')}\n`;
}

function within(path: string): string {
  if (path === '') return 'true';
  return path
    .split(' ')
    .map((name) => `__fish_seen_subcommand_from ${name}`)
    .join('; and ');
}

function conditionAt(path: string, commands: CompletionPoint['commands']): string {
  if (path === '') return '__fish_use_subcommand';
  const names = commands.map(({ name }) => name).join(' ');
  return `${within(path)}; and not __fish_seen_subcommand_from ${names}`;
}

function fishFlag({ long, about, value }: Flag, trackers: readonly string[]): string {
  const kinds: Record<Value, string> = {
    file: ' -r -F',
    tracker: ` -x -a ${quoted(trackers.join(' '))}`,
    shell: ` -x -a ${quoted(SHELLS.join(' '))}`,
    any: ' -x',
  };
  return `-l ${long.slice(2)} -d ${quoted(about)}${value === undefined ? '' : kinds[value]}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
