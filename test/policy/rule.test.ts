import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Policy, policyOf, SETTINGS_RULE } from '../../src/policy/policy.ts';
import {
  automationCountsOf,
  closesFrom,
  closingsCountOf,
  inactivityLabelOf,
  isLike,
  mayStayOpen,
  type Rule,
  ruleFor,
  unfilledRoles,
} from '../../src/policy/rule.ts';
import { decide } from '../../src/review/decide.ts';
import { effectiveState } from '../../src/review/effective-state.ts';
import type { Facts } from '../../src/review/facts.ts';
import { fingerprint } from '../../src/review/fingerprint.ts';
import type { CountedFollowUp } from '../../src/review/sentences.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { FollowUp, Incident } from '../../src/vocabulary.ts';
import {
  followUp,
  historyOf,
  incident,
  minutes,
  rule,
  statuses,
  T0,
  taskRecord,
  update,
} from '../support/make.ts';
import { propertyRuns } from '../support/property-runs.ts';

const payments = incident({
  severity: { id: '01SEV', name: 'Critical' },
  type: { id: '01TYPE', name: 'Security' },
  mode: 'retrospective',
  visibility: 'private',
  customFields: [
    { id: '01TEAM', name: 'Team', values: ['Payments', 'Checkout'] },
    { id: '01IMPACT', name: 'Impact', values: ['customer-facing'] },
  ],
});

describe('a rule fits', () => {
  it.each<[string, Rule['when'], boolean]>([
    ['with nothing named', {}, true],
    ['by severity, in any case', { severity: ['critical'] }, true],
    ['by the id of the severity', { severity: ['01sev'] }, true],
    ['by one of several severities', { severity: ['Major', 'Critical'] }, true],
    ['not by another severity', { severity: ['Major'] }, false],
    ['by incident type', { incidentType: ['security'] }, true],
    ['not by another type', { incidentType: ['Platform'] }, false],
    ['by mode', { mode: ['retrospective'] }, true],
    ['not by another mode', { mode: ['standard'] }, false],
    ['by visibility', { visibility: ['private'] }, true],
    ['not by another visibility', { visibility: ['public'] }, false],
    ['by a custom field', { customField: { team: ['payments'] } }, true],
    ['by the id of a custom field', { customField: { '01TEAM': ['Checkout'] } }, true],
    ['not by the value of another field', { customField: { Team: ['customer-facing'] } }, false],
    ['not by a field that it does not have', { customField: { Region: ['EU'] } }, false],
    ['by every field that is named', { customField: { Team: ['Payments'], Impact: ['none'] } }, false],
    ['by a label', { label: ['Customer-Facing'] }, true],
    ['not by another label', { label: ['internal'] }, false],
    ['only where all that is named holds', { severity: ['Critical'], mode: ['standard'] }, false],
  ])('%s', (_, when, fits) => {
    const [named, last] = [rule({ name: 'named', when }), rule()];
    expect(ruleFor([named, last], payments)).toBe(fits ? named : last);
  });

  it('before those below it', () => {
    const rules = [rule({ name: 'a', when: { severity: ['Critical'] } }), rule({ name: 'b' }), rule()];
    expect(ruleFor(rules, payments).name).toBe('a');
    expect(ruleFor(rules, incident()).name).toBe('b');
  });

  it('not where the incident has no severity', () => {
    expect(ruleFor([rule({ name: 'a', when: { severity: ['Critical'] } }), rule()], incident()).name).toBe(
      SETTINGS_RULE,
    );
  });
});

describe('a follow-up may stay open', () => {
  const tidy = followUp({
    writable: { title: 'Tidy', labels: ['Nice to have'] },
    priority: { id: 'p3', name: 'Low' },
  });
  it.each<[string, Partial<Rule>, boolean]>([
    ['not where the rule says nothing', {}, false],
    ['by its label', { mayStayOpen: { labels: ['nice to have'], priorities: [] } }, true],
    ['by its priority', { mayStayOpen: { labels: [], priorities: ['low'] } }, true],
    ["by its priority's id", { mayStayOpen: { labels: [], priorities: ['P3'] } }, true],
    ['not by another label', { mayStayOpen: { labels: ['urgent'], priorities: [] } }, false],
    ['not where it must be done', { mustBeDone: { labels: [], priorities: ['Low'] } }, false],
    ['where others must be done', { mustBeDone: { labels: ['urgent'], priorities: [] } }, true],
    [
      'not where it must be done, whatever else is said of it',
      {
        mustBeDone: { labels: ['nice to have'], priorities: [] },
        mayStayOpen: { labels: [], priorities: ['Low'] },
      },
      false,
    ],
  ])('%s', (_, over, may) => {
    expect(mayStayOpen(tidy, rule(over))).toBe(may);
  });
});

describe('a role is filled', () => {
  const lead = { id: '01LEAD', name: 'Incident Lead', isFilled: true };
  const scribe = { id: '01SCRIBE', name: 'Scribe', isFilled: false };
  it.each<[string, string[], Incident['roles'], readonly string[] | undefined]>([
    ['where no rule asks for it', [], undefined, []],
    ['by its name, in any case', ['incident lead'], [lead, scribe], []],
    ['by its id', ['01lead'], [lead], []],
    ['not where it is shown without anybody', ['Incident Lead', 'Scribe'], [lead, scribe], ['Scribe']],
    ['not where it is not shown at all', ['Scribe'], [lead], ['Scribe']],
    ['not where roles could not be read, which is not known', ['Incident Lead'], undefined, undefined],
  ])('%s', (_, requiredRoles, roles, unfilled) => {
    expect(unfilledRoles(rule({ requiredRoles }), { roles })).toEqual(unfilled);
  });
});

it('a post-incident status is named by its name or id, and without any all are', () => {
  const from = rule({ closeFromStatus: ['reviewing', '01other'] });
  expect(closesFrom(from, statuses.reviewing)).toBe(true);
  expect(closesFrom(from, { id: '01OTHER', name: 'x' })).toBe(true);
  expect(closesFrom(from, statuses.learning)).toBe(false);
  expect(closesFrom(rule(), statuses.learning)).toBe(true);
});

it('accounts whose closings do not count are named with * for anything', () => {
  const by = rule({ closingsDoNotCountOf: ['stale[bot]', 'renovate*', '*-sync'] });
  for (const actor of ['stale[bot]', 'Stale[Bot]', 'renovate', 'renovate[bot]', 'jira-sync'])
    expect(closingsCountOf(actor, by), actor).toBe(false);
  for (const actor of ['stale', 'staleb', 'my-renovate', 'jira-sync-2', undefined])
    expect(closingsCountOf(actor, by), String(actor)).toBe(true);
});

it('accounts of automation whose closings count all the same are named likewise', () => {
  const by = rule({ closingsCountOf: ['deploy*'] });
  expect(automationCountsOf('deploy[bot]', by)).toBe(true);
  for (const actor of ['stale[bot]', undefined]) expect(automationCountsOf(actor, by)).toBe(false);
  expect(automationCountsOf('stale[bot]', rule({ automationCounts: true }))).toBe(true);
});

it('labels are added to those of inactivity and taken away from them, whatever their spelling', () => {
  const ours = rule({ inactivityLabels: ['Zombie', '🧟'], notInactivityLabels: ['stale docs', 'zombie'] });
  for (const label of ['zombie', 'ZOMBIE', '🧟', 'stale', 'wontfix'])
    expect(inactivityLabelOf(['bug', label], ours), label).toBe(label);
  for (const label of ['staleDocs', 'stale_docs', 'Stale-Docs', 'zombies', 'status: zombie', '🧛'])
    expect(inactivityLabelOf(['bug', label], ours), label).toBeUndefined();
  expect(inactivityLabelOf(['zombie'], rule())).toBeUndefined();
});

// Whatever the policy and the incident.

const names = ['SEV1', 'sev2', 'Payments', 'security', 'nice to have', 'Low', 'standard', 'test'];
const some = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 });
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
/** So that there are enough closings among them: the first value four times of five. */
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const mostlyNone = <T>(values: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values });
const selector = fc.record({ labels: fc.subarray(names), priorities: fc.subarray(names) });
const anyRule: fc.Arbitrary<Rule> = fc.record({
  name: fc.string({ minLength: 1 }),
  when: fc.oneof(
    fc.constant({}),
    fc.record({
      severity: maybe(some),
      incidentType: maybe(some),
      mode: maybe(some),
      visibility: maybe(fc.constantFrom(['public'], ['private'])),
      customField: maybe(fc.dictionary(fc.constantFrom(...names, '__proto__'), some, { maxKeys: 2 })),
      label: maybe(some),
    }),
  ),
  close: mostly(true, false),
  settleTime: fc.constantFrom(0, minutes(1), minutes(90)),
  minFollowUps: mostly(1, 2, 3),
  notDoingCounts: fc.boolean(),
  declinedCounts: fc.boolean(),
  automationCounts: fc.boolean(),
  closingsDoNotCountOf: mostly<string[]>([], ['stale[bot]'], ['octo*', '('], ['*']),
  closingsCountOf: mostly<string[]>([], ['stale[bot]'], ['*']),
  inactivityLabels: mostly<string[]>([], ['zombie']),
  notInactivityLabels: mostly<string[]>([], ['stale']),
  mustBeDone: mostlyNone(selector),
  mayStayOpen: fc.oneof(fc.constant({ labels: names, priorities: names }), maybe(selector)),
  requirePostmortem: mostly(false, true),
  waitForDebriefs: fc.boolean(),
  minTimeResolved: mostly(0, minutes(1_440)),
  trackerMustAgree: mostly(false, true),
  announce: fc.boolean(),
  notify: fc.boolean(),
  businessHours: mostlyNone(
    fc.constantFrom(
      { timeZone: 'Asia/Tokyo', days: [0, 1, 6], hours: [{ from: 540, to: 1_050 }] },
      { timeZone: 'America/New_York', days: [3], hours: [{ from: 0, to: 1_440 }] },
    ),
  ),
  requiredRoles: mostly<string[]>([], ['Low']),
  closeFromStatus: mostlyNone(fc.constantFrom(['Reviewing'], ['Documenting'])),
});
const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    rules: fc.array(anyRule, { maxLength: 4 }),
    active: fc.constantFrom('leave', 'resolve', 'close'),
  })
  .map(({ rules, active }) => ({
    ...policyOf(readSettings({ ACTIVE_INCIDENTS: active })),
    rules: [...rules, rule()],
  }));
const named = fc.constantFrom(...names).map((name) => ({ id: `01${name}`, name }));
const anyIncident: fc.Arbitrary<Incident> = fc
  .record({
    severity: maybe(named),
    type: maybe(named),
    mode: fc.constantFrom('standard', 'retrospective', 'test'),
    visibility: fc.constantFrom('public', 'private'),
    status: mostly(statuses.learning, ...Object.values(statuses)),
    hasPostmortem: fc.boolean(),
    roles: maybe(
      fc.array(
        named.map((role) => ({ ...role, isFilled: true })),
        { maxLength: 1 },
      ),
    ),
    customFields: fc.array(
      named.chain((field) => fc.subarray(names).map((values) => ({ ...field, values }))),
      { maxLength: 2 },
    ),
  })
  .map((over) => incident(over));
const time = fc.integer({ min: 0, max: 60 }).map((n) => T0 + minutes(n));
interface Read {
  followUp: FollowUp;
  task?: ReturnType<typeof taskRecord>;
}
const anyRead: fc.Arbitrary<Read> = fc
  .record({
    status: mostly('completed', 'not_doing', 'outstanding', 'deleted'),
    labels: fc.subarray(names),
    priority: maybe(named),
    at: time,
    linked: fc.boolean(),
    task: mostlyNone(
      fc.record({
        state: fc.constantFrom('done' as const, 'declined' as const, 'open' as const, 'deleted' as const),
        by: fc.constantFrom('person' as const, 'automation' as const, 'unknown' as const),
        actor: fc.constantFrom('octocat', 'stale[bot]'),
        since: time,
      }),
    ),
  })
  .map(({ status, labels, priority, at, linked, task }, id = Math.floor(at)) => ({
    followUp: followUp({
      id: `01F${id}${labels.length}`,
      status,
      priority,
      createdAt: at,
      updatedAt: at,
      writable: { title: 'x', labels },
      ...(linked && {
        reference: { provider: 'github', name: 'a#1', permalink: 'https://github.com/a/b/issues/1' },
      }),
    }),
    task: task && taskRecord(task),
  }));

const now = T0 + minutes(120);
const count = ({ followUp: it, task }: Read, by: Rule): CountedFollowUp => ({
  followUp: it,
  taskState: task,
  history: historyOf(it),
  effective: effectiveState(it, { task, history: historyOf(it), now }, by),
});

/** As a review does: the follow-ups are judged by the rule that fits. */
function verdictOf(read: readonly Read[], about: Incident, policy: Policy, over: Partial<Facts>) {
  const by = ruleFor(policy.rules, about);
  const facts: Facts = {
    rule: by,
    followUps: read.map((it) => count(it, by)),
    changedWhileWriting: false,
    records: new Map(),
    closures: [],
    ready: { since: T0, statusId: about.status.id },
    incident: about,
    statuses: Object.values(statuses),
    updates: [update()],
    answers: new Map(),
    now,
    ...over,
  };
  return decide(facts, policy);
}

/** What may hold an incident, `looks` being how it looked when that began. */
const anyHistory = fc.constantFrom<(looks: string) => Partial<Facts>>(
  () => ({}),
  () => ({
    updates: [
      update({ createdAt: T0 }),
      update({ createdAt: T0 + minutes(20), status: statuses.closed }),
      update({ createdAt: T0 + minutes(30) }),
    ],
  }),
  () => ({ observedSince: { first: now, synced: now, added: {} } }),
  (looks) => ({ refusal: { fingerprint: looks, words: 'x', at: now - 1 } }),
);
function held(read: readonly Read[], about: Incident, policy: Policy): string {
  const by = ruleFor(policy.rules, about);
  return fingerprint(
    about,
    read.map((it) => count(it, by)),
  );
}

describe('whatever the policy and the incident', () => {
  it('there is a verdict with words, and a rule that is named', () => {
    const property = fc.property(
      fc.array(anyRead, { maxLength: 4 }),
      anyIncident,
      anyPolicy,
      anyHistory,
      (read, about, policy, over) => {
        expect(ruleFor(policy.rules, about).name.length).toBeGreaterThan(0);
        const decision = verdictOf(read, about, policy, over(held(read, about, policy)));
        expect(decision).not.toMatchObject({ verdict: 'read' });
        if (decision.verdict !== 'read') expect(decision.words.length).toBeGreaterThan(10);
      },
    );
    fc.assert(property, propertyRuns(10_000));
  });

  it('one more outstanding follow-up never turns a verdict into a closing', () => {
    const closes = (verdict: string) => verdict === 'close' || verdict === 'resolve';
    const property = fc.property(
      fc.array(anyRead, { maxLength: 4 }),
      anyRead,
      anyIncident,
      anyPolicy,
      anyHistory,
      (read, more, about, policy, over) => {
        const added: Read = { followUp: { ...more.followUp, id: '01MORE', status: 'outstanding' } };
        const facts = over(held(read, about, policy));
        const [before, after] = [read, [...read, added]].map((all) => verdictOf(all, about, policy, facts));
        if (closes(String(after?.verdict))) expect(closes(String(before?.verdict))).toBe(true);
      },
    );
    fc.assert(property, propertyRuns(10_000));
  });
});

describe('a pattern of accounts', () => {
  const asExpression = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split('*')
        .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
        .join('[^]*')}$`,
      'i',
    );

  it('fits what a regular expression would fit, line breaks included', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '\n', '.'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (wanted, given) => {
        expect(isLike(wanted, given)).toBe(asExpression(wanted).test(given));
      }),
      { numRuns: 2_000 },
    );
    expect(isLike('stale*', 'stale\nbot')).toBe(true);
  });

  it('is matched in one pass, however many stars it has', () => {
    expect(isLike('*a*a*a*a*b', 'a'.repeat(100_000))).toBe(false);
  });
});
