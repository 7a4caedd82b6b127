import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { namedEnvFile, ownEnvFile } from '../../src/settings/env-file.ts';
import { sourceRows } from '../../src/settings/rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'env-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, '.env');
const uid = process.getuid?.();

function file(text: string, mode = 0o600): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

describe('the .env of the working folder', () => {
  it('adds its settings to those of the shell', () => {
    file('# a comment\nDRY_RUN=true\nexport PORT="3001"\n');
    expect(ownEnvFile(folder, {}, uid)).toEqual({
      path,
      values: { DRY_RUN: 'true', PORT: '3001' },
      notice: `settings are read from ${path}`,
      isRead: true,
      isThere: true,
      problems: [],
    });
  });

  it.each([
    ['the same variable', { PORT: '1' }, 'PORT=2', {}],
    ['the file that holds a secret', { GITHUB_WEBHOOK_SECRET_FILE: '/run/x' }, 'GITHUB_WEBHOOK_SECRET=b', {}],
    ['a secret whose file the .env names', { ADMIN_TOKEN: 'a' }, 'ADMIN_TOKEN_FILE=/x', {}],
    ['the other name of a setting', { REDIS_URL: 'redis://a' }, 'QUEUE_URL=here', {}],
    ['nothing where the shell’s variable is empty', { PORT: '' }, 'PORT=2', { PORT: '2' }],
  ])('yields to what the shell sets: %s', (_, env, text, values) => {
    file(text);
    expect(ownEnvFile(folder, env, uid).values).toEqual(values);
  });

  it.each([0o620, 0o602, 0o666])('is not read where others may write it (%o)', (mode) => {
    file('DRY_RUN=false', mode);
    const { values, isRead, notice } = ownEnvFile(folder, {}, uid);
    expect({ values, isRead }).toEqual({ values: {}, isRead: false });
    expect(notice).toMatch(new RegExp(`^${path} is not read: others may write it`));
  });

  it('is not read where it belongs to another user than us and root', () => {
    file('DRY_RUN=false');
    expect(ownEnvFile(folder, {}, (uid ?? 0) + 1).isRead).toBe(uid === 0);
    if (uid !== 0) expect(ownEnvFile(folder, {}, (uid ?? 0) + 1).notice).toContain('belongs to another user');
  });

  it('that is not there is named by its whole path', () => {
    expect(ownEnvFile(join(folder, 'none'), {}, uid)).toMatchObject({
      values: {},
      isRead: false,
      isThere: false,
      notice: `there is no ${join(folder, 'none', '.env')}`,
    });
  });

  it.each([
    ['INCIDENT_IO_API_URL', 'INCIDENT_IO_API_KEY'],
    ['OUTGOING_WEBHOOK_URL', 'OUTGOING_WEBHOOK_SECRET'],
    ...sourceRows.flatMap(({ access }) => (access ? [[access.urls.name, access.token.name]] : [])),
  ])(
    'must not say where a secret of the shell is sent, nor the shell where one of it is: %s',
    (url, secret) => {
      if (url === undefined || secret === undefined) throw new Error('no pair');
      for (const [env, text] of [
        [{ [secret]: 's' }, `${url}=https://elsewhere.example`],
        [{ [url]: 'https://elsewhere.example' }, `${secret}=s`],
        [{ [`${secret}_FILE`]: '/run/s' }, `${url}=https://elsewhere.example`],
      ] as const) {
        file(text);
        const { problems } = ownEnvFile(folder, env, uid);
        expect(problems).toEqual([expect.stringContaining(`${secret} comes from`)]);
        expect(problems[0]).toContain(`${url}, where it is sent`);
      }
      file(`${secret}=s\n${url}=https://here.example`);
      expect(ownEnvFile(folder, {}, uid).problems).toEqual([]);
    },
  );
});

it('a file that somebody names is read whoever may write it', () => {
  file('DRY_RUN=true', 0o666);
  expect(namedEnvFile(path, {})).toMatchObject({ values: { DRY_RUN: 'true' }, isRead: true });
});
