import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { freshFolder } from '../support/backends.ts';

/** What people get who install the package: nothing else is there. */

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const MiB = 1024 * 1024;

describe('the package, installed into an empty folder', () => {
  const folder = freshFolder('package-');
  const env = { PATH: process.env.PATH ?? '', HOME: folder };
  const program = (...args: string[]) =>
    run('npx', ['--no-install', 'incident-closer', ...args], { cwd: folder, env });

  beforeAll(async () => {
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
    const file = packed.stdout.trim().split('\n').at(-1) ?? '';
    const cache = process.env.npm_config_cache ?? join(process.env.HOME ?? '', '.npm');
    const how = ['--prefer-offline', '--no-audit', '--no-fund', '--cache', cache];
    await run('npm', ['install', ...how, join(folder, file)], { cwd: folder, env });
  });

  it('brings the embedded database and nothing else, in less than 60 MB', () => {
    const modules = join(folder, 'node_modules');
    const names = readdirSync(modules).filter((name) => !name.startsWith('.'));
    expect(names.sort()).toEqual(['@electric-sql', 'incident-closer']);
    expect(sizeOf(modules)).toBeLessThan(60 * MiB);
  });

  it('tells the licenses of what is bundled in it', async () => {
    const { stdout } = await run('grep', ['-c', '^-----', 'node_modules/incident-closer/dist/licenses.txt'], {
      cwd: folder,
    });
    expect(Number(stdout)).toBeGreaterThan(50);
  });

  it('says its version, and how it is used', async () => {
    expect((await program('--version')).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await program('--help')).stdout).toContain('demo');
  });

  it('closes the incident of the demonstration', async () => {
    expect((await program('demo', '--exit')).stdout).toContain('INC-1 is Closed in incident.io');
  });
});

/** What `du` counts, bytes. */
function sizeOf(path: string): number {
  const { blocks } = statSync(path);
  if (!statSync(path).isDirectory()) return blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), blocks * 512);
}
