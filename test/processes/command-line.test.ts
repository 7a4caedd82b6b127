import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../dist/main.js');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'command-line-')));
afterAll(() => rmSync(folder, { recursive: true }));

/** A command as people type it, in a folder of theirs. */
function typed(args: readonly string[], env: Record<string, string> = {}, cwd = folder) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    const how = { cwd, env: { PATH: process.env.PATH ?? '', HOME: folder, ...env } };
    execFile(process.execPath, [PROGRAM, ...args], how, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

describe('settings in a file', () => {
  const path = join(folder, '.env');

  it('are read from .env in the working folder, said by its whole path, and yield to the shell’s', async () => {
    writeFileSync(path, 'DRY_RUN=true\nPORT=3001\n', { mode: 0o600 });
    const { code, stdout, stderr } = await typed(['config'], { PORT: '3002' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: `settings are read from ${path}\n` });
    expect(stdout.split('\n')).toEqual([
      'PORT     3002  (from the environment)',
      `DRY_RUN  true  (from ${path})`,
      'All other settings have their defaults: `config --all` lists them.',
      '',
    ]);
  });

  it('are read from another one where that is named, and from none where that is wished', async () => {
    const other = join(folder, 'other.env');
    writeFileSync(other, 'PORT=3003\n');
    const named = await typed(['--env-file', 'other.env', 'config']);
    expect(named.stderr).toBe(`settings are read from ${other}\n`);
    expect(named.stdout).toContain(`PORT  3003  (from ${other})\n`);
    const none = await typed(['--no-env-file', 'config', '--all']);
    expect(none.stderr).toBe('');
    expect(none.stdout).toMatch(/^PORT +3000 +\(default\)$/m);
    const missing = await typed(['--env-file', 'none.env', 'config']);
    // Some releases of Node take the option for its own, wherever it stands, and ends by itself.
    expect(missing.code).not.toBe(0);
    expect(missing.stdout).toBe('');
    expect(missing.stderr).toContain('none.env');
  });

  it('are not read from a .env that others may write, which is said', async () => {
    chmodSync(path, 0o666);
    const { stdout, stderr } = await typed(['config', '--all']);
    chmodSync(path, 0o600);
    expect(stdout).toMatch(/^PORT +3000 +\(default\)$/m);
    expect(stderr).toContain(`${path} is not read: others may write it`);
  });

  it('send no secret of the shell to an address of theirs', async () => {
    writeFileSync(path, 'INCIDENT_IO_API_URL=https://elsewhere.example\n', { mode: 0o600 });
    const { code, stderr } = await typed(['start'], { INCIDENT_IO_API_KEY: 'inc_key' });
    expect(code).toBe(1);
    expect(stderr).toContain('INCIDENT_IO_API_KEY comes from the environment and INCIDENT_IO_API_URL');
    expect(stderr).not.toContain('inc_key');
  });

  it('that lack one are named, or the place where they could be', async () => {
    writeFileSync(path, 'PORT=3001\n', { mode: 0o600 });
    const there = await typed(['start']);
    expect(there).toMatchObject({ code: 1 });
    expect(there.stderr).toMatch(/INCIDENT_IO_API_KEY is missing/);
    expect(there.stderr).toContain(`(settings are read from ${path})`);
    mkdirSync(join(folder, 'empty'));
    const none = await typed(['start'], {}, join(folder, 'empty'));
    expect(none.stderr).toContain(`(there is no ${join(folder, 'empty', '.env')})`);
  });
});

describe('exit codes', () => {
  it.each([
    ['an unknown command', ['clse']],
    ['an unknown option', ['check', '--al']],
    ['a missing argument', ['hold']],
    ['an argument that does not fit', ['history', '--limit', 'many']],
    ['an unknown option of a command below another', ['failed', 'retry', '--al']],
    ['neither an incident nor all', ['check']],
    ['an unknown tracker', ['secret', 'jria']],
  ])('2 for %s, with what to do', async (_, args) => {
    const { code, stdout, stderr } = await typed(['--no-env-file', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('0 for help that nobody reads to its end, without a word', async () => {
    const child = spawn(process.execPath, [PROGRAM, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (data) => (said += String(data)));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, said }).toEqual({ code: 0, said: '' });
  });

  it('0 for help, which groups the commands in the order of use', async () => {
    const { code, stdout } = await typed(['--help']);
    expect(code).toBe(0);
    expect(stdout.match(/^[A-Z][a-z ]+:$/gm)).toEqual([
      'Options:',
      'Try it:',
      'Set up:',
      'Run:',
      'Ask:',
      'Act:',
      'Commands:',
      'Examples:',
    ]);
    expect(stdout).toContain('Exit codes: 0 done; 1 failed');
  });
});
