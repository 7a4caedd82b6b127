import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { LivePolicy, type PolicyNews } from '../../src/policy/live-policy.ts';
import { watchPolicy } from '../../src/service/policy-watch.ts';
import { readSettings } from '../../src/settings/settings.ts';

function watched(every: number) {
  const folder = mkdtempSync(join(tmpdir(), 'policy-watch-'));
  const path = join(folder, 'p.yaml');
  writeFileSync(path, 'paused: audit\n');
  const policy = new LivePolicy(readSettings({ POLICY_FILE: path }));
  const lines: string[] = [];
  const news: PolicyNews[] = [];
  const log = createLogger('info', {
    pretty: false,
    destination: { write: (line) => void lines.push(line) },
  });
  const watch = watchPolicy(policy, { log, every, settles: 5, onNews: (one) => void news.push(one) });
  onTestFinished(() => {
    watch.close();
    rmSync(folder, { recursive: true });
  });
  return { path, policy, lines, news, watch };
}

it('a changed file is taken up by itself, a wrong one is warned of once, and both are told', async () => {
  const { path, policy, lines, news } = watched(10);
  writeFileSync(path, 'rules: none\n');
  await expect.poll(() => policy.problem).toContain('rules: give a list of rules');
  expect(policy.current.paused).toBe('audit');
  writeFileSync(path, 'paused: freeze\n');
  await expect.poll(() => policy.current.paused).toBe('freeze');
  await expect.poll(() => news.map(({ kind }) => kind)).toEqual(['wrong', 'changed']);
  const told = lines.map((line): { level: unknown; msg: unknown } => JSON.parse(line));
  expect(told).toMatchObject([
    { level: expect.anything(), msg: expect.stringContaining('stays in force') },
    {
      msg: expect.stringMatching(/^the policy changed: everything is paused: freeze\. .*is looked at again$/),
    },
  ]);
  expect(told[0]?.level).not.toBe(told[1]?.level);
});

it('who asks for a look gets an answer, also where nothing changed', async () => {
  const { path, policy, lines, watch } = watched(3_600_000);
  watch.reread();
  await expect.poll(() => lines.join('')).toContain('the policy file says what it said');
  writeFileSync(path, 'paused: freeze\n');
  watch.reread();
  await expect.poll(() => policy.current.paused).toBe('freeze');
});
