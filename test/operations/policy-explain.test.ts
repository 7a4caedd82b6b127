import { describe, expect, it } from 'vitest';
import { operations } from '../../src/commands/operations.ts';
import { explainedInWords } from '../../src/commands/policy/explain.ts';
import { explainResult, explainRules } from '../../src/operations/policy/explain.ts';
import { ruleKeys } from '../../src/policy/keys.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { parsePolicy } from '../../src/policy/read-policy.ts';
import { keysAt } from '../../src/policy/schema.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { incident, OPERATOR } from '../support/make.ts';
import { openMemoryWorld } from '../support/memory-world.ts';

const settings = readSettings({ MIN_FOLLOW_UPS: '2' });
const policy = policyOf(
  settings,
  parsePolicy(
    `rules:
  - name: Security
    when: { incident_type: Security, custom_field: { Team: Payments } }
    set: { close: false }
  - name: SEV1
    when: { severity: [SEV1, SEV2] }
    set:
      settle_time: 2h
      business_hours: { time_zone: Europe/London, hours: 09:00-17:30 }
      may_stay_open: { labels: nice to have, priorities: [Low] }
  - name: Standard
    when: { mode: standard }
    set: { require_postmortem: true }
`,
    'p.yaml',
  ),
);
const about = incident({ severity: { id: '01SEV', name: 'SEV1' }, type: { id: '01T', name: 'Security' } });

describe('what a policy says of an incident', () => {
  it('is which rules fit and why not, which decides, and what holds by whom', () => {
    const { rules, result } = explainRules(policy, about);
    expect(rules.map(({ name, fits, decides }) => [name, fits, decides])).toEqual([
      ['Security', false, false],
      ['SEV1', true, true],
      ['Standard', true, false],
      ['the settings', true, false],
    ]);
    expect(rules[0]?.conditions).toEqual([
      { key: 'incident_type', wanted: ['Security'], has: ['Security', '01T'], fits: true },
      { key: 'custom_field.Team', wanted: ['Payments'], has: [], fits: false },
    ]);
    expect(rules[1]?.sets).toEqual([
      { key: 'settle_time', value: '2h' },
      { key: 'may_stay_open', value: 'labels: nice to have; priorities: Low' },
      { key: 'business_hours', value: 'Mon-Fri 09:00-17:30 (Europe/London)' },
    ]);
    expect(rules[2]?.sets).toEqual([{ key: 'require_postmortem', value: 'true' }]);
    expect(result).toContainEqual({ key: 'settle_time', value: '2h', from: 'SEV1' });
    expect(result).toContainEqual({ key: 'min_follow_ups', value: '2', from: 'the settings' });
    expect(result).toContainEqual({ key: 'require_postmortem', value: 'false', from: 'the settings' });
  });

  it('is printed with all of that', () => {
    const text = explainedInWords({
      ...{ incident: 'INC-1', id: '01', name: 'Checkout is down', private: false },
      ...explainRules(policy, about),
    }).join('\n');
    expect(text).toContain('Security: does not fit');
    expect(text).toContain('not     custom_field.Team: wants Payments; has none');
    expect(text).toContain('SEV1: DECIDES');
    expect(text).toContain('Standard: fits, but one above decides');
    expect(text).toMatch(/settle_time +2h {2}\(SEV1\)/);
    expect(text).toContain('the settings: fits, but one above decides\n\nWhat holds for it:');
  });

  it('has all that a rule can set', () => {
    expect(ruleKeys.map(([key]) => key).sort()).toEqual(keysAt(['rules', 0, 'set']).sort());
  });

  it('is asked of the incident as incident.io has it now', async (test) => {
    const world = await openMemoryWorld({ policy: () => policy });
    test.onTestFinished(() => world.close());
    const made = world.incidentIo.createIncident({ type: 'Security', customFields: { Team: ['payments'] } });
    const opened = { base: world.context, full: async () => world.context, by: OPERATOR };
    const explained = explainResult.parse(
      await operations.explainPolicy.runFor({ incident: made.reference }, opened),
    );
    expect(explained).toMatchObject({ incident: made.reference, private: false });
    expect(explained.rules.find(({ decides }) => decides)?.name).toBe('Security');
  });
});
