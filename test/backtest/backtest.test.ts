import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Backtest, backtest, type Policies } from '../../src/backtest/backtest.ts';
import { backtestInWords, spanOf } from '../../src/backtest/in-words.ts';
import { reportOf } from '../../src/backtest/report.ts';
import { KeyRejectedError, RateLimitedError } from '../../src/incident-io/errors.ts';
import type { Rule } from '../../src/policy/rule.ts';
import type { Happening } from '../../src/simulator/history.ts';
import { minutes, rule } from '../support/make.ts';
import { withHistory } from './history-context.ts';

const folder = mkdtempSync(join(tmpdir(), 'backtest-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FROM = Date.parse('2025-12-01T00:00:00Z');
const hours = (n: number) => minutes(60 * n);
const days = (n: number) => hours(24 * n);
const TO = FROM + days(60);

const policyOf = (over: Partial<Rule> = {}, name = 'rules.yaml'): Policies[number] => ({
  name,
  policy: { activeIncidents: 'leave', rules: [rule(over)] },
});

type Step = Happening extends infer One
  ? One extends Happening
    ? Omit<One, 'incident' | 'at'>
    : never
  : never;

/** An incident that is declared and resolved within two hours, and what happens after so many hours. */
function story(
  incident: number,
  steps: readonly (readonly [number, Step])[],
  isPrivate = false,
): Happening[] {
  const name = `Checkout ${incident} is down`;
  const all: readonly (readonly [number, Step])[] = [
    [0, { kind: 'declared', name, isPrivate }],
    [2, { kind: 'moved', to: 'learning' }],
    ...steps,
  ];
  return all.map(([hour, step]): Happening => ({ ...step, incident, at: FROM + incident + hours(hour) }));
}

const added = (followUp: number, issue?: string): Step => ({
  ...{ kind: 'added', followUp, title: `Fix ${followUp}` },
  ...(issue !== undefined && { issue }),
});
const set = (followUp: number, to: 'completed' | 'not_doing' | 'outstanding'): Step => ({
  kind: 'set',
  followUp,
  to,
});
const closed: Step = { kind: 'moved', to: 'closed' };
const issue = (followUp: number, state: 'done' | 'declined' | 'open', by: 'person' | 'automation'): Step => ({
  ...{ kind: 'issue', followUp, state, by },
});

let files = 0;
const newFile = () => join(folder, `progress-${++files}.jsonl`);

async function lookBack(
  stories: readonly Happening[][],
  {
    policies = [policyOf()],
    asks = true,
    progressFile = newFile(),
    env = {},
    hold,
  }: {
    policies?: Policies;
    asks?: boolean;
    progressFile?: string;
    env?: Record<string, string>;
    hold?: string;
  } = {},
): Promise<Backtest & { calls: { route: string; method: string }[]; words: string }> {
  const history = stories.flat().sort((a, b) => a.at - b.at);
  const { incidentIo, context, close } = await withHistory(history, { to: TO, asks, env });
  const held = incidentIo.incidents().find(({ reference }) => reference === hold);
  if (held !== undefined) await context.store.holds.put(held.id, { why: 'audit', at: FROM });
  try {
    const result = await backtest({ since: days(90), progressFile, policies }, context, () => {});
    const calls = incidentIo.requests.map(({ route = '', method }) => ({ route, method }));
    return { ...result, calls, words: backtestInWords(result).join('\n') };
  } finally {
    await close();
  }
}

/** The only report, and the row of an incident. */
function only({ reports }: Backtest, reference = 'INC-1') {
  const [report] = reports;
  const row = report?.rows.find(({ incident }) => incident === reference);
  if (report === undefined || row === undefined) throw new Error(`there is no ${reference}`);
  return { report, row };
}

describe('a look back', () => {
  it('tells when an incident would have been closed, and how much earlier than people did', async () => {
    const found = await lookBack([
      story(0, [
        [3, added(0, 'acme/api#1')],
        [10, issue(0, 'done', 'person')],
        [11, set(0, 'completed')],
        [58, closed],
      ]),
    ]);
    const { report, row } = only(found);
    expect(row).toMatchObject({ answer: 'closed', at: FROM + hours(10) + minutes(1) });
    expect(report.earlier).toMatchObject({ incidents: 1, median: hours(48) - minutes(1) });
    expect(found.words).toContain('1d 23h');
  });

  it('tells what people closed and it would have left, and why', async () => {
    const found = await lookBack([
      story(0, [
        [3, added(0)],
        [20, closed],
      ]),
    ]);
    expect(only(found).row).toMatchObject({
      answer: 'left',
      peopleAt: FROM + hours(20),
      whys: ['outstanding'],
    });
    expect(found.words).toMatch(
      /INC-1 {2}Checkout 0 is down: closed at 2025-12-01 20:00:00 UTC; waits for “Fix 0”/,
    );
  });

  it('names as would-be mistakes what people went on with, each with when and where', async () => {
    const found = await lookBack([
      story(0, [
        [3, added(0, 'acme/api#1')],
        [10, issue(0, 'done', 'person')],
        [11, set(0, 'completed')],
        [20, closed],
        [30, { kind: 'moved', to: 'learning' }],
        [31, added(1, 'acme/api#2')],
      ]),
    ]);
    const { report, row } = only(found);
    expect(report.wentOn).toBe(1);
    expect(row.wentOn?.map(({ what, at }) => [what, at - FROM])).toEqual([
      ['moved-back', hours(30)],
      ['follow-up-added', hours(31)],
    ]);
    expect(found.words).toContain('follow-up added: acme/api#2  https://github.com/acme/api/issues/2');
    expect(found.words).toContain(row.url ?? 'a link');
  });

  it('counts what a stale bot, a decline, a minimum and a hold ever kept open', async () => {
    const done = (n: number): (readonly [number, Step])[] => [
      [3, added(0, `acme/api#${n}`)],
      [10, issue(0, 'done', 'person')],
      [11, set(0, 'completed')],
    ];
    const found = await lookBack(
      [
        story(0, [
          [3, added(0, 'acme/api#1')],
          [10, issue(0, 'done', 'automation')],
          [11, set(0, 'completed')],
        ]),
        story(1, [
          [3, added(0, 'acme/api#2')],
          [3.5, added(1)],
          [4, set(1, 'completed')],
          [10, issue(0, 'declined', 'person')],
        ]),
        story(2, done(3)),
        story(3, [...done(4), [4, added(1)], [5, set(1, 'completed')]]),
      ],
      { policies: [policyOf({ minFollowUps: 2, declinedCounts: false })], hold: 'INC-4' },
    );
    const { report } = only(found);
    expect(report.mattered).toMatchObject({ 'stale bot': 1, decline: 1, minimum: 1, hold: 1 });
    expect(report.acted).toBe(0);
  });

  it('counts the closings that the brake would have put off', async () => {
    const one = (n: number) =>
      story(n, [
        [3, added(0)],
        [10, set(0, 'completed')],
      ]);
    const found = await lookBack([one(0), one(1), one(2)], { env: { MAX_CLOSES_PER_HOUR: '2' } });
    expect(only(found).report.mattered.brake).toBe(1);
  });

  it('does not guess when a follow-up was set to “not doing”, and tells between which times it would have closed', async () => {
    const found = await lookBack([
      story(0, [
        [3, added(0)],
        [10, set(0, 'not_doing')],
      ]),
    ]);
    expect(only(found).row).toMatchObject({
      answer: 'unknown',
      doubts: ['not-doing'],
      between: { from: FROM + hours(3) + minutes(1), to: FROM + hours(10) + minutes(1) },
    });
    expect(only(found).report.acted).toBe(0);
  });

  it('knows it all the same where another follow-up was done later', async () => {
    const found = await lookBack([
      story(0, [
        [3, added(0)],
        [2.5, added(1)],
        [10, set(0, 'not_doing')],
        [12, set(1, 'completed')],
      ]),
    ]);
    expect(only(found).row).toMatchObject({ answer: 'closed', at: FROM + hours(12) + minutes(1) });
  });

  it('names what was reopened afterwards, where the tracker shows when it was closed before', async () => {
    const steps: (readonly [number, Step])[] = [
      [3, added(0, 'acme/api#1')],
      [10, issue(0, 'done', 'person')],
      [30, issue(0, 'open', 'person')],
    ];
    expect(only(await lookBack([story(0, steps)])).row).toMatchObject({
      answer: 'closed',
      at: FROM + hours(10) + minutes(1),
      wentOn: [{ what: 'task-reopened', at: FROM + hours(30) }],
    });
    // incident.io's own sync wrote the row, as somebody might have done who set it back: only when is not known.
    const copied: (readonly [number, Step])[] = [
      ...steps,
      [11, set(0, 'completed')],
      [31, set(0, 'outstanding')],
    ];
    const { report, row } = only(await lookBack([story(0, copied)]));
    expect(row).toMatchObject({
      answer: 'unknown',
      between: { from: FROM + hours(3) + minutes(1), to: FROM + hours(10) + minutes(1) },
      wentOn: [{ what: 'task-reopened', at: FROM + hours(30) }],
    });
    expect(report).toMatchObject({ wentOn: 1, acted: 0, unknown: { incidents: 1, acted: 1 } });
  });

  it('does not guess what a machine closed a task for that has been reopened since', async () => {
    const steps: (readonly [number, Step])[] = [
      [3, added(0, 'acme/api#1')],
      [10, issue(0, 'done', 'automation')],
      [30, issue(0, 'open', 'person')],
    ];
    const { row } = only(await lookBack([story(0, steps)]));
    expect(row).toMatchObject({ answer: 'unknown', doubts: ['task-reopened'] });
    // Another one was open all the time.
    expect(only(await lookBack([story(0, [...steps, [2.5, added(1)]])])).row.answer).toBe('open');
  });

  it('says what is not seen for lack of a token of the tracker', async () => {
    const bot = story(0, [
      [3, added(0, 'acme/api#1')],
      [10, issue(0, 'done', 'automation')],
      [11, set(0, 'completed')],
    ]);
    const found = await lookBack([bot], { asks: false });
    expect(only(found).row).toMatchObject({ answer: 'closed', at: FROM + hours(11) + minutes(1) });
    expect(found.notAsked).toEqual({ github: 1 });
    expect(found.words).toContain('not asked, for lack of an API token, about 1 follow-up in github.');
  });

  it('shows two policies side by side, at the calls of one', async () => {
    const stories = [
      story(0, [
        [3, added(0)],
        [10, set(0, 'completed')],
        [100, closed],
      ]),
    ];
    const one = await lookBack(stories);
    const two = await lookBack(stories, {
      policies: [policyOf(), policyOf({ settleTime: days(2) }, 'slow.yaml')],
    });
    expect(two.reports.map(({ rows }) => rows[0]?.at)).toEqual([
      FROM + hours(10) + minutes(1),
      FROM + hours(10) + days(2),
    ]);
    expect(two.calls).toEqual(one.calls);
    expect(two.words).toMatch(/rules\.yaml +slow\.yaml/);
  });

  it('makes read calls alone, and one for each incident that has follow-ups', async () => {
    const found = await lookBack([story(0, [[3, added(0)]]), story(1, []), story(2, [[3, added(0)]])]);
    expect(new Set(found.calls.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(found.calls.filter(({ route }) => route === 'GET /v2/incident_updates')).toHaveLength(2);
    expect(only(found).report).toMatchObject({ incidents: 3, withoutFollowUps: 1 });
  });

  it('marks private incidents, as check does', async () => {
    const found = await lookBack([
      story(
        0,
        [
          [3, added(0)],
          [20, closed],
        ],
        true,
      ),
    ]);
    expect(found.words).toContain('INC-1  (private) Checkout 0 is down:');
  });
});

describe('the progress file', () => {
  const many = Array.from({ length: 80 }, (_, n) =>
    story(n, [
      [3, added(0)],
      [10, set(0, 'completed')],
      [50, closed],
    ]),
  );

  it('lets a run that was stopped go on where it was, and one with other rules read nothing again', async () => {
    const progressFile = newFile();
    const history = many.flat().sort((a, b) => a.at - b.at);
    const { incidentIo, context, close } = await withHistory(history, { to: TO });
    try {
      let left = 60;
      const { updates } = context.reader;
      const reader = {
        ...context.reader,
        updates: async (id: string) => {
          if (left-- === 0) throw new KeyRejectedError('the key was revoked');
          return updates(id);
        },
      };
      const run = (by: typeof context, policies = [policyOf()]) =>
        backtest({ since: days(90), progressFile, policies }, by, () => {});
      await expect(run({ ...context, reader })).rejects.toThrow('the key was revoked');
      const read = () => incidentIo.calls('GET /v2/incident_updates');
      const before = read();
      expect(only(await run(context)).report.acted).toBe(80);
      expect(read() - before).toBe(20);
      await run(context, [policyOf({ settleTime: days(1) })]);
      expect(read() - before).toBe(20);
    } finally {
      await close();
    }
  });

  it('holds no name of an incident or of a person, and is for the eyes of its owner', async () => {
    const progressFile = newFile();
    await lookBack(many.slice(0, 3), { progressFile });
    const text = readFileSync(progressFile, 'utf8');
    expect(text.split('\n')).toHaveLength(5);
    expect(text).not.toMatch(/Checkout|Fix 0|Ada/);
    expect(statSync(progressFile).mode & 0o777).toBe(0o600);
  });

  it('is not written over a file of something else', async () => {
    const progressFile = newFile();
    writeFileSync(progressFile, 'dear diary\n');
    await expect(lookBack(many.slice(0, 1), { progressFile })).rejects.toThrow('is no progress file');
    expect(readFileSync(progressFile, 'utf8')).toBe('dear diary\n');
  });

  it('may end in the middle of a line', async () => {
    const progressFile = newFile();
    await lookBack(many.slice(0, 3), { progressFile });
    const text = readFileSync(progressFile, 'utf8');
    writeFileSync(progressFile, text.slice(0, -200));
    const found = await lookBack(many.slice(0, 3), { progressFile });
    expect(found.calls.filter(({ route }) => route === 'GET /v2/incident_updates')).toHaveLength(1);
    expect(only(found).report.acted).toBe(3);
  });
});

describe('a read that fails for a while', () => {
  it('is waited for, however long incident.io asks to pause', async () => {
    const { context, close } = await withHistory(story(0, [[3, added(0)]]), { to: TO });
    try {
      const slept: number[] = [];
      let limited = 2;
      const { updates } = context.reader;
      const reader = {
        ...context.reader,
        async updates(id: string) {
          if (limited-- > 0) throw new RateLimitedError('too many', { retryAt: TO + 45_000 });
          return updates(id);
        },
      };
      const sleep = async (ms: number) => void slept.push(ms);
      const asked = { since: days(90), progressFile: newFile(), policies: [policyOf()] };
      const found = await backtest(asked, { ...context, reader }, () => {}, { sleep });
      expect(slept).toEqual([45_000, 45_000]);
      expect(only(found).row.answer).toBe('open');
    } finally {
      await close();
    }
  });
});

it('what was closed by the very key that reads was not closed by people', () => {
  const row = { id: '01A', name: 'Down', private: false, met: [], at: FROM, peopleAt: FROM + hours(1) };
  const rows = [
    { ...row, incident: 'INC-1', answer: 'closed' as const },
    { ...row, incident: 'INC-2', answer: 'closed' as const, peopleAt: FROM, byThisKey: true as const },
  ];
  const report = reportOf(rows, { policy: 'rules.yaml', withoutFollowUps: 0, maxClosesPerHour: 60 });
  expect(report).toMatchObject({ acted: 2, stillOpen: 0, byThisKey: 1 });
  expect(report.earlier).toEqual({ incidents: 1, median: hours(1), longest: hours(1), total: hours(1) });
});

it('a span is told in its two largest units', () => {
  expect([0, 999, 61_000, hours(25), days(3)].map(spanOf)).toEqual(['0s', '0s', '1m 1s', '1d 1h', '3d']);
});
