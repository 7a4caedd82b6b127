import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProcess } from '../support/process.ts';
import { merged, reopened } from '../trackers/github/payloads.ts';
import { declined, fields, issue, item, updated } from '../trackers/jira/payloads.ts';
import { completed } from '../trackers/linear/payloads.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function replay(
  tracker: string,
  payload: unknown,
  args: readonly string[] = [],
  env: Record<string, string> = {},
) {
  const file = join(folder, `${files++}.json`);
  writeFileSync(file, typeof payload === 'string' ? payload : JSON.stringify(payload));
  // A queue that nobody can open: how a payload is read is told all the same.
  return runProcess(['replay', tracker, file, ...args], { QUEUE_URL: 'redis://127.0.0.1:1', ...env });
}

describe('`replay`', () => {
  it('tells how a payload is read', async () => {
    const { code, stdout, stderr } = await replay('linear', completed());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'Linear: read as',
      '  state        done',
      '  task         linear:acme/ENG-12',
      '  aliases      linear:id:2f0b1d9e-0c55-4f0e-9d53-0a3f6a1f0c11',
      '  by           person, f1d2',
      '  when         2026-03-01 10:00:00 UTC',
      '  delivery     unknown',
      '',
      expect.stringMatching(/^Which incidents it belongs to is not known: .*127\.0\.0\.1:1/),
    ]);
  });

  it('reads a payload from stdin', () => {
    const program = join(import.meta.dirname, '../../dist/main.js');
    const input = JSON.stringify(completed());
    const { stdout } = spawnSync(process.execPath, [program, 'replay', 'linear', '-'], {
      input,
      encoding: 'utf8',
    });
    expect(stdout).toContain('task         linear:acme/ENG-12');
  });

  it('reads as the service would: with the headers and the settings that are given', async () => {
    const headers = ['--header', 'X-GitHub-Event: issues', '--header', 'x-github-delivery:5f0c-9'];
    const github = await replay('github', reopened(), headers);
    expect(github.stdout).toMatch(/state +open, after it was closed\n/);
    expect(github.stdout).toMatch(/delivery +5f0c-9$/m);
    const payload = declined({ id: '7', name: 'Verworfen' });
    expect((await replay('jira', payload)).stdout).toMatch(/state +done\n/);
    expect((await replay('jira', payload, [], { JIRA_DECLINED: 'Verworfen' })).stdout).toMatch(
      /state +declined\n/,
    );
  });

  it('tells why a payload is ignored, or would be refused', async () => {
    const edit = updated([item('labels', 'a', 'b')], { issue: issue({ fields: fields('To Do') }) });
    expect(await replay('jira', edit)).toMatchObject({
      code: 0,
      stdout: 'Jira: ignored: neither the status nor the resolution was changed',
    });
    expect(await replay('github', reopened())).toMatchObject({
      code: 0,
      stdout: 'GitHub: malformed, so it would be answered 400: the header X-GitHub-Event is missing',
      stderr: expect.stringContaining("add --header 'X-GitHub-Event: issues'"),
    });
    expect((await replay('github', merged())).stderr).toContain("'X-GitHub-Event: pull_request'");
    expect((await replay('github', '{}')).stderr).toContain("--header 'X-GitHub-Event: …'");
    expect((await replay('linear', '{')).stdout).toMatch(/the body is not JSON/);
  });

  it('tells of incident.io’s own webhooks whom they wake', async () => {
    const payload = {
      event_type: 'public_incident.follow_up_updated_v1',
      'public_incident.follow_up_updated_v1': { id: '01F', incident_id: '01I' },
    };
    expect((await replay('incident-io', payload)).stdout).toMatch(/wakes +01I\n +follow-up +01F\n/);
  });

  it.each([
    [['jria', 'x.json'], 2, 'There is no tracker "jria": give one of github, jira, linear'],
    [['jira', '/no/such/file.json'], 1, 'The payload /no/such/file.json cannot be read (ENOENT).'],
    [['jira', folder], 1, `The payload ${folder} cannot be read (EISDIR).`],
    [
      ['jira', 'x.json', '--header', 'nonsense'],
      2,
      '"nonsense" is no header: give --header \'Name: value\'.',
    ],
  ])('%j ends with code %i and says what to do', async (args, expected, words) => {
    const { code, stdout, stderr } = await runProcess(['replay', ...args], {});
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
