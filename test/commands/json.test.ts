import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/commands/command-line/program.ts';
import { configCommand } from '../../src/commands/config.ts';
import { replayCommand } from '../../src/commands/replay.ts';
import { secretCommand } from '../../src/commands/secret.ts';

/** They go on running, ask a person, or print a script. */
const TELL_NO_RESULT = ['demo', 'simulator', 'init', 'start', 'receive', 'work', 'completion'];

function below(command: Command): Command[] {
  // One that has others does nothing by itself, or what one of them does.
  return command.commands.length === 0 ? [command] : command.commands.flatMap(below);
}

it('every command that tells something takes --json', () => {
  const all = createProgram()
    .commands.filter((one) => !TELL_NO_RESULT.includes(one.name()))
    .flatMap(below);
  const without = all.filter(({ options }) => options.every(({ long }) => long !== '--json'));
  expect(without.map((one) => one.name())).toEqual([]);
});

let printed: string[] = [];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void printed.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
const object = (): unknown => JSON.parse(printed.join('\n'));

it('`config --json` is one object, with what differs, what is wrong, and no secret', async () => {
  vi.stubEnv('SETTLE_TIME', '5m');
  vi.stubEnv('SWEEP_EVERY', '10m');
  vi.stubEnv('PORT', 'many');
  vi.stubEnv('ADMIN_TOKEN', 'canary-token-that-is-long');
  expect(await configCommand({ check: true, all: false, json: true })).toBe(1);
  const from = 'the environment';
  expect(object()).toEqual({
    file: null,
    settings: expect.arrayContaining([
      { name: 'SETTLE_TIME', value: '5m', isDefault: false, from },
      { name: 'PORT', value: '(cannot be used)', isDefault: false, from },
      { name: 'ADMIN_TOKEN', value: '(set)', isDefault: false, from },
    ]),
    problems: [expect.stringContaining('PORT')],
    warnings: [],
  });
  expect(printed.join()).not.toContain('canary');
  // It is set to what it is anyway.
  expect(printed.join()).not.toContain('SWEEP_EVERY');
});

it('`secret --json` tells who makes it, and the secret if that is we', async () => {
  expect(await secretCommand('github', { json: true })).toBe(0);
  expect(object()).toMatchObject({
    ...{ source: 'github', variable: 'GITHUB_WEBHOOK_SECRET', madeBy: 'us', path: '/webhooks/github' },
    secret: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  printed = [];
  await secretCommand('asana', { json: true });
  expect(object()).toMatchObject({ madeBy: 'handshake', secret: 'handshake' });
  printed = [];
  await secretCommand('clickup', { json: true });
  expect(object()).not.toHaveProperty('secret');
});

it('`replay --json` tells how a body is read', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'replay-')), 'body.json');
  writeFileSync(file, '{"zen":"Speak like a human."}');
  const headers = ['X-GitHub-Event: ping'];
  expect(await replayCommand('github', file, { headers, json: true })).toBe(0);
  expect(object()).toMatchObject({ source: 'github', kind: 'ignored', reason: expect.any(String) });
});
