import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS_RULE } from '../../src/policy/policy.ts';
import { PolicyError, parsePolicy, readPolicy } from '../../src/policy/read-policy.ts';
import { policySchema } from '../../src/policy/schema.ts';
import { readSettings } from '../../src/settings/settings.ts';

function problems(text: string): readonly string[] {
  try {
    parsePolicy(text, 'p.yaml');
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n').slice(1);
    throw error;
  }
  throw new Error('the policy was accepted');
}

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'policy-')), 'incident-closer.yaml');
  writeFileSync(path, text);
  return path;
}

/** The YAML of a documentation page's first block that has rules. */
function documented(): string {
  const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
  const [, yaml] = /```yaml\n([\s\S]*?\nrules:[\s\S]*?)```/.exec(page) ?? [];
  if (yaml === undefined) throw new Error('docs/policy.md shows no policy');
  return yaml;
}

describe('the policy file', () => {
  it('is not needed: without it the settings are the only rule', () => {
    const settings = readSettings({ SETTLE_TIME: '5m', MIN_FOLLOW_UPS: '2', CLOSED_STATUS: 'Done' });
    const policy = readPolicy(settings);
    expect(policy.rules).toEqual([
      {
        name: SETTINGS_RULE,
        when: {},
        close: true,
        settleTime: 300_000,
        minFollowUps: 2,
        notDoingCounts: true,
        declinedCounts: true,
        automationCounts: false,
        closingsDoNotCountOf: [],
        closingsCountOf: [],
        inactivityLabels: [],
        notInactivityLabels: [],
        requirePostmortem: false,
        waitForDebriefs: false,
        minTimeResolved: 0,
        trackerMustAgree: false,
        announce: true,
        notify: false,
        requiredRoles: [],
      },
    ]);
    expect(policy).toMatchObject({ closedStatus: 'Done', activeIncidents: 'leave', paused: undefined });
  });

  it('that was named has to be there', () => {
    const settings = readSettings({ POLICY_FILE: '/nowhere/p.yaml' });
    expect(() => readPolicy(settings)).toThrow(/\/nowhere\/p\.yaml cannot be read \(ENOENT\)/);
  });

  it('gives each rule what the settings say where it says nothing', () => {
    const path = file('rules:\n  - name: SEV1\n    when: { severity: SEV1 }\n    set: { settle_time: 2h }\n');
    const policy = readPolicy(readSettings({ POLICY_FILE: path, MIN_FOLLOW_UPS: '3' }));
    expect(policy.rules.map(({ name }) => name)).toEqual(['SEV1', SETTINGS_RULE]);
    expect(policy.rules[0]).toMatchObject({
      when: { severity: ['SEV1'] },
      settleTime: 7_200_000,
      minFollowUps: 3,
      close: true,
    });
  });

  it('names labels of inactivity, one or a list of them', () => {
    const path = file(
      'rules:\n  - name: a\n    set: { inactivity_labels: zombie, not_inactivity_labels: [stale-docs, waiting for customer] }\n',
    );
    expect(readPolicy(readSettings({ POLICY_FILE: path })).rules[0]).toMatchObject({
      inactivityLabels: ['zombie'],
      notInactivityLabels: ['stale-docs', 'waiting for customer'],
    });
    expect(problems('rules:\n  - name: a\n    set:\n      inactivity_labels: []\n')).toEqual([
      expect.stringContaining('rules[0].set.inactivity_labels'),
    ]);
  });

  it.each<[string, { days: number[]; hours: { from: number; to: number }[] }]>([
    ['hours: 09:00-17:30', { days: [1, 2, 3, 4, 5], hours: [{ from: 540, to: 1_050 }] }],
    ['days: Sat-Mon, hours: 0:00-24:00', { days: [6, 0, 1], hours: [{ from: 0, to: 1_440 }] }],
    [
      'days: [monday, Wed-Thu], hours: [08:00 - 12:00, 13:00-18:00]',
      {
        days: [1, 3, 4],
        hours: [
          { from: 480, to: 720 },
          { from: 780, to: 1_080 },
        ],
      },
    ],
  ])('names business hours: %s', (hours, expected) => {
    const path = file(
      `rules:\n  - name: a\n    set: { business_hours: { time_zone: Asia/Tokyo, ${hours} } }\n`,
    );
    expect(readPolicy(readSettings({ POLICY_FILE: path })).rules[0]?.businessHours).toEqual({
      timeZone: 'Asia/Tokyo',
      ...expected,
    });
  });

  it('may be empty, or hold only a pause', () => {
    expect(readPolicy(readSettings({ POLICY_FILE: file('') })).rules).toHaveLength(1);
    expect(readPolicy(readSettings({ POLICY_FILE: file('paused: true') })).paused).toBe(
      'the policy file says so',
    );
    expect(readPolicy(readSettings({ POLICY_FILE: file('paused: change freeze') })).paused).toBe(
      'change freeze',
    );
    expect(readPolicy(readSettings({ POLICY_FILE: file('paused: false') })).paused).toBeUndefined();
  });

  it('that the documentation shows is a good one', () => {
    expect(parsePolicy(documented(), 'docs').rules.length).toBeGreaterThan(2);
  });

  it.each([
    ['settle: 5m', ['  - p.yaml:1: settle is not known: allowed here are paused, rules']],
    [
      'rules:\n  - name: a\n    when:\n      sevrity: SEV1\n    set: {}\n',
      [
        '  - p.yaml:4: rules[0].when.sevrity is not known: allowed here are severity, incident_type, mode, visibility, custom_field, label',
      ],
    ],
    [
      'rules:\n  - name: a\n    set:\n      settle_time: 5 minutes\n      close: maybe\n',
      [
        '  - p.yaml:4: rules[0].set.settle_time: give a duration such as 0s, 90s, 5m, 2h or 1d, of 20 days at most',
        '  - p.yaml:5: rules[0].set.close: give true or false',
      ],
    ],
    [
      'rules:\n  - name: a\n    set: { min_follow_ups: 0 }\n',
      ['  - p.yaml:3: rules[0].set.min_follow_ups: give a whole number from 1 to 10000'],
    ],
    [
      'rules:\n  - name: a\n    set:\n      business_hours: { time_zone: Mars/Olympus, days: Mon-Fry, hours: 22:00-06:00, zone: UTC }\n',
      [
        '  - p.yaml:4: rules[0].set.business_hours.time_zone: give a time zone of the IANA database, such as Europe/London or UTC',
        '  - p.yaml:4: rules[0].set.business_hours.days: give days such as Mon-Fri, or a list of them',
        '  - p.yaml:4: rules[0].set.business_hours.hours: give hours such as 09:00-17:30, or a list of them; they end on the day on which they begin, by 24:00 at the latest',
        '  - p.yaml:4: rules[0].set.business_hours.zone is not known: allowed here are time_zone, days, hours',
      ],
    ],
    [
      'rules:\n  - name: a\n    set: { business_hours: { time_zone: UTC } }\n',
      [
        '  - p.yaml:3: rules[0].set.business_hours.hours: give hours such as 09:00-17:30, or a list of them; they end on the day on which they begin, by 24:00 at the latest',
      ],
    ],
    [
      'rules:\n  - name: a\n    when: { visibility: secret }\n    set: {}\n',
      ['  - p.yaml:3: rules[0].when.visibility: give public or private'],
    ],
    [
      'rules:\n  - name: a\n    set: { may_stay_open: {} }\n',
      ['  - p.yaml:3: rules[0].set.may_stay_open: give labels or priorities, at least one of them'],
    ],
    ['rules:\n  - set: {}\n', ['  - p.yaml:2: rules[0].name: give a text']],
    [
      'rules:\n  - name: a\n    when: SEV1\n',
      [
        '  - p.yaml:2: rules[0].set: give what holds for such incidents, or {}',
        '  - p.yaml:3: rules[0].when: give conditions, each with the values that fit',
      ],
    ],
    ['rules: all\n', ['  - p.yaml:1: rules: give a list of rules']],
    ['- a\n', ['  - p.yaml:1: the file: give paused and rules']],
    [
      'rules:\n  - name: a\n    set: {}\n  - name: A\n    set: {}\n',
      ['  - p.yaml:4: rules[1].name is taken by another rule: give each its own'],
    ],
    [
      'rules:\n  - name: a\n    set: {}\n    set: {}\n',
      ['  - p.yaml:4: Map keys must be unique at line 4, column 5:'],
    ],
  ])('%j is refused with the line and what is allowed', (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it('is published as a JSON schema for editors', () => {
    const url = new URL('../../docs/incident-closer.schema.json', import.meta.url);
    const schema: unknown = JSON.parse(JSON.stringify(policySchema()));
    if (process.env.UPDATE_DOCS === '1') writeFileSync(url, `${JSON.stringify(schema, undefined, 2)}\n`);
    const written: unknown = JSON.parse(readFileSync(url, 'utf8'));
    expect(written, 'run UPDATE_DOCS=1 npx vitest run test/policy, then npm run format').toEqual(schema);
  });
});
