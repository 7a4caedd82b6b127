import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { changesInWords } from '../../src/policy/changes.ts';
import { LivePolicy } from '../../src/policy/live-policy.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { PolicyError, parsePolicy, policyDigest } from '../../src/policy/read-policy.ts';
import { refuseWithoutPolicy } from '../../src/service/policy-memory.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { noteInForce } from '../../src/store/in-force.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'live-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const GOOD = 'rules:\n  - name: Security\n    when: { incident_type: Security }\n    set: { close: false }\n';
let files = 0;

function live(text = GOOD) {
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, text);
  const settings = readSettings({ POLICY_FILE: path });
  const policy = new LivePolicy(settings, () => Date.parse('2026-03-01T12:00:00Z'));
  return {
    ...{ path, settings, policy },
    /** What the two looks tell that it takes. */
    async looked() {
      const first = await policy.reread();
      expect(first.news).toBeUndefined();
      return first.settled ? first : policy.reread();
    },
    rules: () => policy.current.rules.map(({ name }) => name),
  };
}

describe('a policy whose file changes', () => {
  it('is in force once two looks found the same, and says what is other', async () => {
    const { path, policy, rules } = live();
    expect(await policy.reread()).toEqual({ settled: true });
    writeFileSync(path, `${GOOD}  - name: Payments\n    set: { settle_time: 2h }\n`);
    expect(await policy.reread()).toEqual({ settled: false });
    expect(rules()).toEqual(['Security', 'the settings']);
    expect(await policy.reread()).toMatchObject({
      news: {
        kind: 'changed',
        words: expect.stringMatching(
          /^the rule “Payments” is new\. In force now: 2 rules and the settings, digest [\da-f]{12}$/,
        ),
      },
    });
    expect(rules()).toEqual(['Security', 'Payments', 'the settings']);
    expect(await policy.reread()).toEqual({ settled: true });
  });

  it('does not take what an editor has written half of', async () => {
    const { path, policy, rules } = live(`${GOOD}  - name: Payments\n    set: { close: false }\n`);
    writeFileSync(path, GOOD);
    expect(await policy.reread()).toEqual({ settled: false });
    writeFileSync(path, `${GOOD}  - name: Payments\n    set: { close: false }\n`);
    expect(await policy.reread()).toEqual({ settled: true });
    expect(rules()).toEqual(['Security', 'Payments', 'the settings']);
  });

  it('is found behind a link that leads elsewhere now, as in a ConfigMap', async () => {
    for (const [name, text] of [
      ['..1', GOOD],
      ['..2', 'paused: audit\n'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'p.yaml'), text);
    }
    const data = join(folder, '..data');
    symlinkSync('..1', data);
    const policy = new LivePolicy(readSettings({ POLICY_FILE: join(data, 'p.yaml') }));
    rmSync(data);
    symlinkSync('..2', data);
    await policy.reread();
    await policy.reread();
    expect(policy.current.paused).toBe('audit');
  });

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'a mistake',
      (path) => writeFileSync(path, 'rules:\n  - name: a\n    sett: {}\n'),
      /yaml:3: rules\[0\]\.sett is not known/,
    ],
    ['no YAML', (path) => writeFileSync(path, 'rules: [\n'), /yaml:\d: /],
    [
      'nothing',
      (path) => writeFileSync(path, ' \n# all gone\n'),
      /yaml is empty, and a policy was in force \(1 rule/,
    ],
    ['no file', (path) => rmSync(path), /yaml is not there, and a policy was in force \(1 rule/],
    [
      'what cannot be read',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      /yaml cannot be read \(EISDIR\)/,
    ],
  ])('stays as it was where there is %s, and says so once', async (_, spoil, why) => {
    const { path, policy, looked, rules } = live();
    const before = policy.current;
    spoil(path);
    const { news } = await looked();
    expect(news).toMatchObject({ kind: 'wrong', words: expect.stringMatching(why) });
    expect(news?.words).toContain(
      'What was read at 2026-03-01 12:00:00 UTC stays in force: 1 rule and the settings',
    );
    expect(policy.problem).toBe(news?.words);
    expect(policy.current).toBe(before);
    expect(await policy.reread()).toEqual({ settled: true });

    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, GOOD);
    expect(await looked()).toMatchObject({ news: { kind: 'fixed' } });
    expect(policy.problem).toBeUndefined();
    expect(rules()).toEqual(['Security', 'the settings']);
  });

  it('is none any more once its file says so, and then the file may go', async () => {
    const { path, policy, looked, rules } = live();
    writeFileSync(path, 'rules: []\n');
    expect(await looked()).toMatchObject({
      news: {
        words: expect.stringContaining('the rule “Security” is gone. In force now: the settings alone'),
      },
    });
    expect(rules()).toEqual(['the settings']);
    writeFileSync(path, '');
    expect(await looked()).toEqual({ settled: true });
    expect(policy.problem).toBeUndefined();
  });

  it('says nothing where the file says the same in other words', async () => {
    const { path, policy, looked } = live();
    const digest = policyDigest(policy.current);
    writeFileSync(path, `# Ours.\n${GOOD.replace('{ close: false }', '{ close: false, announce: true }')}`);
    expect(await looked()).toEqual({ settled: true });
    expect(policyDigest(policy.current)).toBe(digest);
    expect(policy.current.rules[0]?.keys).toEqual(['close', 'announce']);
  });
});

describe('a start without the policy that was in force', () => {
  const settings = readSettings({});
  const start = async (text: string | undefined, policy?: string) => {
    const store = new Store(createMemoryTables());
    await noteInForce({ dryRun: false, digest: 'a', ...(policy && { policy }) }, store, 1);
    const found = text === undefined ? ({ missing: true } as const) : { text };
    return refuseWithoutPolicy({ isEmpty: text !== 'rules: []', found }, settings, store);
  };

  it.each([
    [undefined, 'is not there'],
    ['', 'is empty'],
  ])('is refused, for %j', async (text, is) => {
    const refused = start(text, '3 rules and the settings, digest 0a1b');
    await expect(refused).rejects.toThrow(PolicyError);
    await expect(refused).rejects.toThrow(
      `incident-closer.yaml ${is}, and a policy was in force (3 rules and the settings, digest 0a1b): put it back`,
    );
  });

  it('is none where there was no policy, or where the file says that there is none now', async () => {
    await start(undefined);
    await start('rules: []', '3 rules');
  });
});

it('what a changed policy changes is told by rule and key', () => {
  const settings = readSettings({});
  const policy = (text: string) => policyOf(settings, parsePolicy(text, 'p.yaml'));
  const before = policy(
    'rules:\n  - name: a\n    set: { settle_time: 2h }\n  - name: b\n    when: { mode: test }\n    set: {}\n  - name: c\n    set: {}\n',
  );
  const after = policy(
    'paused: audit\nrules:\n  - name: b\n    when: { mode: standard }\n    set: {}\n  - name: a\n    set: { close: false }\n  - name: d\n    set: {}\n',
  );
  expect(changesInWords(before, before)).toBeUndefined();
  expect(changesInWords(before, after)).toBe(
    'everything is paused: audit; in the rule “b”: which incidents it fits; in the rule “a”: close is false, was true, settle_time is 1m, was 2h; the rule “d” is new; the rule “c” is gone; the rules are in another order',
  );
  expect(changesInWords(after, { ...after, paused: undefined })).toBe('the pause is over');
});
