import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { casesInWords, testCommand } from '../../src/commands/policy/test.ts';
import { parseCases } from '../../src/operations/policy/cases-file.ts';
import { casesResult, runCases } from '../../src/operations/policy/run-cases.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { PolicyError, parsePolicy } from '../../src/policy/read-policy.ts';
import { readSettings } from '../../src/settings/settings.ts';

const RULES = `rules:
  - name: Security
    when: { incident_type: Security }
    set: { close: false }
  - name: SEV1
    when: { severity: SEV1 }
    set:
      settle_time: 2h
      min_time_resolved: 1d
      require_postmortem: true
      required_roles: Incident Lead
      close_from_status: Reviewed
      wait_for_debriefs: true
      closed_status: Done
      business_hours: { time_zone: Europe/London, hours: 09:00-17:30 }
  - name: Platform
    when: { custom_field: { Team: Platform } }
    set:
      may_stay_open: { labels: nice to have }
      not_doing_counts: false
      inactivity_labels: zombie
      closings_do_not_count_of: 'renovate*'
`;
const policy = policyOf(readSettings({}), parsePolicy(RULES, 'p.yaml'));

/** What is decided about one case, described by the lines of YAML. */
function decided(lines: string) {
  const text = `cases:\n  - name: it\n    expect: close\n${lines.replace(/^/gm, '    ')}\n`;
  const [only] = runCases(parseCases(text, 'c.yaml'), policy).cases;
  return only?.got;
}

const SEV1 = 'severity: SEV1, has_postmortem: true, roles: [incident lead], status: Reviewed';

describe('a case of a policy', () => {
  it.each<[string, object]>([
    ['', { verdict: 'close', reason: 'all-done', rule: 'the settings' }],
    ['incident: { incident_type: security }', { verdict: 'leave', reason: 'rule', rule: 'Security' }],
    ['incident: { category: closed }', { verdict: 'leave', reason: 'already-closed' }],
    ['incident: { category: active }', { verdict: 'leave', reason: 'active' }],
    ['incident: { category: paused }', { verdict: 'leave', reason: 'not-closable' }],
    ['incident: { held: true }', { verdict: 'leave', reason: 'held' }],
    [`incident: { ${SEV1} }`, { verdict: 'close', rule: 'SEV1' }],
    ['incident: { severity: SEV1 }', { verdict: 'wait', reason: 'no-postmortem' }],
    ['incident: { severity: SEV1, has_postmortem: true }', { reason: 'roles' }],
    [`incident: { ${SEV1.replace('Reviewed', 'Documenting')} }`, { reason: 'in-flow' }],
    [
      `incident: { ${SEV1}, debriefs_end: 2026-01-15T10:00:00Z }`,
      { reason: 'debrief', until: '2026-01-15T10:00:00.000Z' },
    ],
    [
      `incident: { ${SEV1}, resolved_for: 20h }`,
      { reason: 'min-time-resolved', until: '2026-01-14T16:00:00.000Z' },
    ],
    [`incident: { ${SEV1}, ready_for: 30m }`, { reason: 'settling', until: '2026-01-14T13:30:00.000Z' }],
    [
      `at: 2026-01-17T12:00:00Z\nincident: { ${SEV1} }`,
      { reason: 'business-hours', until: '2026-01-19T09:00:00.000Z' },
    ],
    ['follow_ups: []', { verdict: 'leave', reason: 'too-few-follow-ups' }],
    ['follow_ups: [{}]', { verdict: 'wait', reason: 'follow-ups' }],
    ['follow_ups: [{ task: done }]', { verdict: 'close' }],
    ['follow_ups: [{ task: declined }]', { verdict: 'close' }],
    ['follow_ups: [{ status: completed, task: reopened }]', { verdict: 'wait' }],
    ['follow_ups: [{ status: completed, task: open }]', { verdict: 'close' }],
    ['follow_ups: [{ task: { state: done, by: automation } }]', { verdict: 'wait' }],
    ['follow_ups: [{ status: not_doing }]', { verdict: 'close' }],
  ])('%s', (lines, expected) => {
    expect(decided(lines)).toMatchObject(expected);
  });

  const TEAM = 'incident: { custom_field: { Team: Platform } }';
  it.each([
    ['follow_ups: [{ status: completed }, { labels: nice to have }]', 'close'],
    ['follow_ups: [{ status: completed }, { labels: urgent }]', 'wait'],
    ['follow_ups: [{ status: not_doing }]', 'wait'],
    ['follow_ups: [{ task: { state: done, by: unknown, actor: x, labels: zombie } }]', 'wait'],
    ['follow_ups: [{ task: { state: done, by: unknown, actor: x, labels: bug } }]', 'close'],
    ['follow_ups: [{ task: { state: done, actor: renovate-2 } }]', 'wait'],
  ])('of a team with rules for follow-ups: %s', (lines, verdict) => {
    expect(decided(`${TEAM}\n${lines}`)).toMatchObject({ verdict, rule: 'Platform' });
  });

  it('says what is not as expected', () => {
    const text = `cases:
  - name: a
    expect: { verdict: wait, reason: settling, rule: SEV1, until: 2026-01-14T13:00:00Z }
  - name: b
    expect: close
`;
    const result = casesResult.parse(runCases(parseCases(text, 'c.yaml'), policy));
    expect(result).toMatchObject({ failed: 1, cases: [{ ok: false }, { ok: true, differs: [] }] });
    expect(result.cases[0]?.differs).toEqual([
      'verdict is close, not wait',
      'reason is all-done, not settling',
      'rule is the settings, not SEV1',
      'until is not there, not 2026-01-14T13:00:00.000Z',
    ]);
    expect(casesInWords(result)).toEqual([
      expect.stringMatching(/^FAILED {2}a: verdict is close, not wait; /),
      expect.stringMatching(/^ {8}by the rule “the settings”: close, all-done: its only follow-up is done$/),
      'ok      b: close, all-done',
      '',
      expect.stringMatching(/^1 of 2 cases not as expected \(policy [\da-f]{12}\)\.$/),
    ]);
  });

  it.each([
    ['cases: []\n', ':1: cases: give one case at least'],
    ['cases: [{ name: a, expect: close }]\ncase: []\n', ':2: case is not known: allowed here are cases'],
    [
      'cases:\n  - name: a\n',
      ':2: cases[0].expect: give a verdict (close, resolve, wait, leave), or verdict, reason, rule and until',
    ],
    [
      'cases:\n  - name: a\n    expect: close\n    incident: { sevrity: SEV1 }\n',
      ':4: cases[0].incident.sevrity is not known: allowed here are severity, incident_type, mode,',
    ],
    [
      'cases:\n  - name: a\n    expect: close\n    at: noon\n',
      ':4: cases[0].at: give a time such as 2026-01-14T12:00:00Z',
    ],
    [
      'cases:\n  - name: a\n    expect: close\n    follow_ups:\n      - task: finished\n',
      ':5: cases[0].follow_ups[0].task: give a state of the task, or state, by, actor and labels',
    ],
  ])('%j is refused with the line and what is allowed', (text, words) => {
    const parse = () => parseCases(text, 'c.yaml');
    expect(parse).toThrow(PolicyError);
    expect(parse).toThrow(`The file of cases needs attention:\n  - c.yaml${words}`);
  });
});

/** The blocks of YAML on the page of the documentation that have this key at the top. */
function documented(key: string): string {
  const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const found = blocks.find((text) => new RegExp(`^${key}:`, 'm').test(text));
  if (found === undefined) throw new Error(`docs/policy.md shows no ${key}`);
  return found;
}

it('the command tries the cases of the documentation on its policy, and exits with 1 where one fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cases-'));
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => {
    print.mockRestore();
    rmSync(folder, { recursive: true });
  });
  const [policyFile, cases] = [join(folder, 'p.yaml'), join(folder, 'cases.yaml')];
  writeFileSync(policyFile, documented('rules'));
  writeFileSync(cases, documented('cases'));
  const run = () => testCommand(cases, { policy: policyFile, json: true });
  expect(await run(), String(print.mock.lastCall)).toBe(0);
  writeFileSync(cases, 'cases:\n  - name: a\n    expect: leave\n');
  expect(await run()).toBe(1);
  expect(casesResult.parse(JSON.parse(String(print.mock.lastCall?.[0])))).toMatchObject({ failed: 1 });
});
