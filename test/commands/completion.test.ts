import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/commands/command-line/program.ts';
import { completionPointsOf } from '../../src/commands/completion/completion-points.ts';
import { SHELLS, scriptFor } from '../../src/commands/completion/scripts.ts';
import { sources } from '../../src/trackers/index.ts';
import { freshFolder } from '../support/backends.ts';

const program = createProgram();
const trackers = sources.map(({ name }) => name);
const completed = { program: program.name(), places: completionPointsOf(program), trackers };

const folder = freshFolder('completion-');
writeFileSync(join(folder, 'backup of today.ndjson'), '');
mkdirSync(join(folder, 'demo'));

/** What bash offers where the cursor is at the end of this line. */
function offered(line: string): string[] {
  const words = ['incident-closer', ...line.split(' ')];
  const script = `${scriptFor('bash', completed)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_incident_closer
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-u', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').filter(Boolean);
}

describe('bash completes', () => {
  it('each command, and the commands below one', () => {
    expect(offered('').sort()).toEqual([...program.commands.map((one) => one.name()), 'help'].sort());
    expect(offered('dis')).toEqual(['disconnect']);
    expect(offered('failed ').sort()).toEqual(['list', 'retry']);
    expect(offered('help conf')).toEqual(['config']);
  });

  it('the flags of the command that the line names, wherever they stand', () => {
    expect(offered('history --').sort()).toEqual(['--actions', '--help', '--json', '--limit']);
    expect(offered('--no-env-file --env-file x.env failed retry --a')).toEqual(['--all']);
    expect(offered('--no')).toEqual(['--no-env-file']);
  });

  it('trackers, shells and files where one is due, and nothing where nobody can know', () => {
    expect(offered('connect git')).toEqual(['github', 'gitlab']);
    expect(offered('connect github ')).toEqual([]);
    expect(offered('init --tracker az')).toEqual(['azure-devops']);
    expect(offered('completion ')).toEqual([...SHELLS]);
    expect(offered('import back')).toEqual(['backup of today.ndjson']);
    expect(offered('export --passphrase-file back')).toEqual(['backup of today.ndjson']);
    expect(offered('history --limit ')).toEqual([]);
    expect(offered('hold ')).toEqual([]);
  });
});

it.each(SHELLS)('%s is offered every command and flag that there is', (shell) => {
  const script = scriptFor(shell, completed);
  for (const { commands, flags } of completed.places) {
    for (const { name } of commands) expect(script).toMatch(new RegExp(`\\b${name}\\b`));
    for (const { long } of flags) expect(script).toContain(shell === 'fish' ? ` -l ${long.slice(2)} ` : long);
  }
});

const isThere = (shell: string) => spawnSync(shell, ['--version']).status === 0;

// Where these shells are not installed; `.ci/run` installs them.
describe.skipIf(!isThere('fish'))('fish completes', () => {
  const file = join(folder, 'incident-closer.fish');
  writeFileSync(file, scriptFor('fish', completed));
  const suggested = (line: string) => {
    const { stdout, stderr } = spawnSync(
      'fish',
      ['-c', `source '${file}'; complete -C 'incident-closer ${line}'`],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    return stdout.split('\n').flatMap((one) => one.split('\t')[0] || []);
  };

  it('commands, flags and trackers', () => {
    expect(suggested('conn')).toEqual(['connect']);
    expect(suggested('failed re')).toEqual(['retry']);
    expect(suggested('check --j')).toEqual(['--json']);
    expect(suggested('connect git').sort()).toEqual(['github', 'gitlab']);
  });
});

// As above.
describe.skipIf(!isThere('zsh'))('zsh completes', () => {
  const file = join(folder, '_incident-closer');
  writeFileSync(file, scriptFor('zsh', completed));
  /** What it adds for the last word, of which zsh itself then takes what fits. */
  const added = (...words: string[]) => {
    const script = `compdef() {}
compadd() { print -l -- "\${(@)argv:#--}" }
_files() { print files }
words=(incident-closer ${words.map((word) => `'${word}'`).join(' ')})
CURRENT=${words.length + 1}
source '${file}'
(( $+functions[_incident_closer] )) && _incident_closer`;
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    return [...new Set(stdout.split('\n').filter(Boolean))];
  };

  it('commands, flags, trackers and files', () => {
    expect(added('conn')).toContain('connect');
    expect(added('failed', '').sort()).toEqual(['list', 'retry']);
    expect(added('history', '--')).toEqual(expect.arrayContaining(['--json', '--limit']));
    expect(added('connect', '')).toEqual(expect.arrayContaining(['github', 'azure-devops']));
    expect(added('import', '')).toEqual(['files']);
    expect(added('history', '--limit', '')).toEqual([]);
  });
});
