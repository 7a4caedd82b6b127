import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, it } from 'vitest';
import { keepSecret } from '../../src/commands/connect/keep-secret.ts';

const CLICKUP = { name: 'clickup', title: 'ClickUp' };
const folder = mkdtempSync(join(tmpdir(), 'keep-secret-'));
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

it('a secret that a tracker made goes into the file that the setting names, one a line', async () => {
  const path = file('secrets', 'first');
  const told = await keepSecret(CLICKUP, 'canary', { CLICKUP_WEBHOOK_SECRET_FILE: path }, file('.env', ''));
  expect(readFileSync(path, 'utf8')).toBe('first\ncanary\n');
  expect(told.join('\n')).toContain(`to ${path}. Restart`);
  expect(told.join('\n')).not.toContain('canary');
});

it('goes into the file of settings where nothing is set yet, also where it stands there empty', async () => {
  const path = file('.env', 'PORT=3001\nCLICKUP_WEBHOOK_SECRET=');
  const env: Record<string, string | undefined> = {};
  const told = await keepSecret(CLICKUP, 'canary # 1', env, path);
  expect(parseEnv(readFileSync(path, 'utf8'))).toEqual({
    PORT: '3001',
    CLICKUP_WEBHOOK_SECRET: 'canary # 1',
  });
  expect(told.join('\n')).not.toContain('canary');
  // That of a second webhook must not take its place.
  expect((await keepSecret(CLICKUP, 'other', env, path)).join('\n')).toContain(
    'with a comma before it: other',
  );
  expect(readFileSync(path, 'utf8')).not.toContain('other');
});

it('is told, once, where a person has to put it', async () => {
  const [told = ''] = await keepSecret(CLICKUP, 'canary', {}, undefined);
  expect(told).toBe('ClickUp made the secret of this webhook. Set it as CLICKUP_WEBHOOK_SECRET: canary');
  const set = { CLICKUP_WEBHOOK_SECRET: 'another' };
  expect((await keepSecret(CLICKUP, 'canary', set, undefined))[0]).toContain(
    'Add it to CLICKUP_WEBHOOK_SECRET',
  );
});

it('that could not be written says so, and repeats nothing', async () => {
  const path = join(folder, 'a-folder');
  mkdirSync(path);
  const kept = keepSecret(CLICKUP, 'canary', { CLICKUP_WEBHOOK_SECRET_FILE: path }, undefined);
  await expect(kept).rejects.toThrow(/a-folder cannot be written .*run this again/);
  await expect(kept).rejects.not.toThrow('canary');
});
