import { describe, expect, it } from 'vitest';
import { clockFindings } from '../../src/doctor/clock.ts';
import { configurationFindings } from '../../src/doctor/configuration.ts';
import { ago } from '../../src/doctor/finding.ts';
import { roleFindings, statusFindings } from '../../src/doctor/incident-io.ts';
import { contradictionFindings, hookFindings, silenceFindings } from '../../src/doctor/sources.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { ALL_ROLES } from '../../src/simulator/simulator.ts';
import { github } from '../../src/trackers/github/index.ts';
import { statuses } from '../support/make.ts';

describe('what doctor says of clocks', () => {
  it.each([
    ['one that agrees to the second', 1_900, { state: 'ok', words: expect.stringContaining('to 2 s') }],
    [
      'one that is a minute off',
      60_000,
      { state: 'warning', words: expect.stringMatching(/60 s behind incident\.io.*NTP/) },
    ],
    [
      'one that is so far off that signed webhooks are refused',
      -300_000,
      {
        state: 'trouble',
        words: expect.stringMatching(/300 s ahead of incident\.io.*Signed webhooks are refused/),
      },
    ],
    ['none', undefined, { state: 'warning', words: expect.stringContaining('did not tell its time') }],
  ])('%s', (_, ahead, expected) => {
    expect(clockFindings(ahead, 0)[0]).toMatchObject({ about: 'clock', ...expected });
  });

  it('that of the store is looked at as well', () => {
    expect(clockFindings(0, 45_000)[1]).toMatchObject({
      state: 'warning',
      words: expect.stringContaining('the store'),
    });
  });
});

describe('what doctor says of roles', () => {
  const saidOf = (roles: readonly string[], dryRun: boolean) =>
    roleFindings('closer', roles, 'https://app.incident.io/acme', { dryRun });
  const said = (...without: string[]) =>
    saidOf(
      ALL_ROLES.filter((role) => !without.includes(role)),
      false,
    );

  it('a key that may do everything is well, with its name, organisation and roles', () => {
    expect(said()).toEqual([
      {
        about: 'API key',
        state: 'ok',
        words:
          '“closer” of https://app.incident.io/acme, with the roles global_access, incident_editor, post_incident_flow_opt_out and viewer',
      },
    ]);
  });

  it.each(['viewer', 'incident_editor', 'post_incident_flow_opt_out'])(
    'without %s it would not work',
    (role) => {
      expect(said(role)).toContainEqual({
        about: 'API key',
        state: 'trouble',
        words: expect.stringMatching(new RegExp(`${role}.*Settings > API keys`)),
      });
    },
  );

  it('a key that may only read is enough for a dry run, and all that writing will need is told at once', () => {
    expect(saidOf(['viewer', 'global_access'], true)).toEqual([
      expect.objectContaining({ state: 'ok' }),
      {
        about: 'API key',
        state: 'warning',
        words: expect.stringMatching(
          /lacks the roles incident_editor and post_incident_flow_opt_out: .* writing will.*Settings > API keys/,
        ),
      },
    ]);
    expect(saidOf(['viewer'], false)).toMatchObject([
      { state: 'trouble', words: expect.stringContaining('incident_editor and post_incident_flow_opt_out') },
    ]);
    expect(saidOf([], true)).toMatchObject([{ state: 'trouble', words: expect.stringContaining('viewer') }]);
  });

  it('without global_access private incidents are not seen, which may be meant', () => {
    expect(said('global_access').map(({ state }) => state)).toEqual(['ok', 'warning']);
  });
});

describe('what doctor says of the statuses that it would use', () => {
  const all = Object.values(statuses);
  const policy = { activeIncidents: 'leave' } as const;

  it('names the one that is chosen among several, and how to choose another', () => {
    expect(statusFindings(all, policy)).toEqual([
      {
        about: 'statuses',
        state: 'warning',
        words:
          'Closing moves an incident to “Closed”, since it has the lowest rank; there is also “Clean-up”. Set CLOSED_STATUS to the one that is meant, or closed_status in a rule',
      },
    ]);
  });

  it('names the one that was asked for, by name or id, and the one to resolve to where that is asked for', () => {
    expect(
      statusFindings(all, {
        activeIncidents: 'resolve',
        closedStatus: 'clean-up',
        resolvedStatus: statuses.reviewing.id,
      }),
    ).toMatchObject([
      { state: 'ok', words: 'closing moves an incident to “Clean-up”' },
      { state: 'ok', words: 'resolving moves an incident to “Reviewing”' },
    ]);
  });

  it('one that does not exist would not work: it says which there are', () => {
    expect(statusFindings(all, { ...policy, closedStatus: 'Over', resolvedStatus: 'Closed' })).toMatchObject([
      { state: 'trouble', words: expect.stringMatching(/CLOSED_STATUS is “Over”.*“Closed” and “Clean-up”/) },
      {
        state: 'trouble',
        words: expect.stringMatching(/RESOLVED_STATUS is “Closed”.*“Documenting” and “Reviewing”/),
      },
    ]);
    expect(statusFindings([statuses.live], policy)).toMatchObject([
      { state: 'trouble', words: expect.stringContaining('no closed status') },
    ]);
  });
});

describe('what doctor says of settings', () => {
  it('that a pause or a dry run writes nothing, that no webhook is taken, and what looks like a mistake', () => {
    const env = { INCIDENT_IO_API_KEY: 'inc_1', DRY_RUN: 'true', SWEEP_EVRY: '1m' };
    expect(
      configurationFindings(readSettings(env), { paused: 'paused: moving house' }, []).map(
        ({ words }) => words,
      ),
    ).toEqual([
      expect.stringContaining('did you mean SWEEP_EVERY'),
      expect.stringContaining('paused: moving house'),
      expect.stringContaining('nothing is written'),
      expect.stringContaining('no webhook is taken'),
    ]);
    const good = readSettings({ INCIDENT_IO_API_KEY: 'inc_1', GITHUB_WEBHOOK_SECRET: 'a secret of sixteen' });
    expect(configurationFindings(good, {}, undefined)).toMatchObject([{ state: 'ok' }]);
  });

  it('that no webhook is taken is not said where a receiver of the same store takes them', () => {
    const worker = readSettings({ INCIDENT_IO_API_KEY: 'inc_1', GITHUB_API_TOKEN: 'ghp_1' });
    expect(configurationFindings(worker, {}, ['github'])).toMatchObject([{ state: 'ok' }]);
  });

  it('that whether another process takes webhooks is unknown where none has noted itself', () => {
    const worker = readSettings({ INCIDENT_IO_API_KEY: 'inc_1' });
    expect(configurationFindings(worker, {}, undefined)).toMatchObject([
      {
        state: 'warning',
        words: expect.stringMatching(/^no webhook is taken with these settings.*is unknown/),
      },
    ]);
  });

  it('that a webhook secret can be guessed, which is trouble', () => {
    const short = readSettings({ GITHUB_WEBHOOK_SECRET: 'a secret of sixteen, letmein' });
    expect(configurationFindings(short, {}, undefined)).toMatchObject([
      { state: 'trouble', words: expect.stringContaining('secret 2 of GITHUB_WEBHOOK_SECRET is shorter') },
    ]);
  });
});

it('a workflow of Jira that alone sends webhooks is not enough: it says why the follow-ups wait, and both ways out', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  const [finding, ...others] = contradictionFindings({ name: 'jira', title: 'Jira' }, now - 60_000, now);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ about: 'jira', state: 'warning' });
  expect(finding?.words).toMatch(
    /shows the state before the change.*\(1 minute ago\).*"Trigger a webhook".*alone is not enough.*wait.*docs\/trackers\/jira\.md.*JIRA_API_TOKEN$/,
  );
  expect(contradictionFindings({ name: 'jira', title: 'Jira' }, undefined, now)).toEqual([]);
});

it('how long ago something was is told in words', () => {
  const at = Date.parse('2026-03-01T12:00:00Z');
  const minute = 60_000;
  expect(ago(at, at + 30_000)).toBe('2026-03-01 12:00:00 UTC (less than a minute ago)');
  expect(ago(at, at + minute)).toContain('(1 minute ago)');
  expect(ago(at, at + 90 * minute)).toContain('(1 hour ago)');
  expect(ago(at, at + 72 * 60 * minute)).toContain('(3 days ago)');
});

describe('what doctor says of webhooks', () => {
  const place = 'the repository acme/api';
  const since = 0;

  it('that are off would not work, that fail may not, and those that are on are counted', () => {
    const hooks = [
      { id: '1', place, state: 'on' as const, since },
      { id: '2', place, state: 'failing' as const, words: 'it fails', since },
      { id: '3', place, state: 'off' as const, words: 'switch it on', since },
      { id: '4', place, state: 'gone' as const, words: 'make it anew', since },
    ];
    expect(hookFindings(github, { at: 0, hooks, hidden: [] }, 0)).toEqual([
      { about: 'github', state: 'ok', words: '1 webhook leads here and is on' },
      { about: 'github', state: 'warning', words: `the webhook in ${place}: it fails` },
      { about: 'github', state: 'trouble', words: `the webhook in ${place}: switch it on` },
      { about: 'github', state: 'trouble', words: `the webhook in ${place}: make it anew` },
    ]);
  });

  it('that were not shown since are said to have been on or off when they were last seen, and no more after a week', () => {
    const HOUR = 3_600_000;
    const hooks = [
      { id: '1', place, state: 'on' as const, since, seenAt: HOUR },
      { id: '2', place, state: 'off' as const, words: 'switch it on', since, seenAt: HOUR },
    ];
    const seen = { at: 3 * HOUR, hooks, hidden: [{ place, why: 'refused (401)' }] };
    const said = (now: number) =>
      hookFindings(github, seen, now).map(({ state, words }) => `${state}: ${words}`);
    expect(said(3 * HOUR)).toEqual([
      expect.stringMatching(
        /^warning: the webhook in .* was last seen on 1970-01-01 01:00:00 UTC \(it was on\): whether it still is so is unknown$/,
      ),
      expect.stringMatching(/^warning: .* last seen on 1970-01-01 01:00:00 UTC \(switch it on\)/),
      expect.stringMatching(/^ok: webhooks of .* cannot be looked at/),
    ]);
    expect(said(8 * 24 * HOUR)).toHaveLength(1);
    // Nobody has looked for two days: that it was on then is no news of now.
    const alone = { at: 0, hooks: [{ id: '1', place, state: 'on' as const, since, seenAt: 0 }], hidden: [] };
    expect(hookFindings(github, alone, 48 * HOUR)).toMatchObject([
      { state: 'warning', words: expect.stringContaining('last seen on 1970-01-01') },
    ]);
  });

  it('that the token may not see are not said to be on', () => {
    const hidden = [{ place, why: 'refused (403)' }];
    expect(hookFindings(github, { at: 0, hooks: [], hidden }, 0).map(({ words }) => words)).toEqual([
      expect.stringMatching(
        /^webhooks of the repository acme\/api cannot be looked at: refused \(403\)\. That needs read access to Webhooks/,
      ),
    ]);
    expect(hookFindings(github, { at: 0, hooks: [], hidden: [] }, 0).map(({ words }) => words)).toEqual([
      expect.stringContaining('no webhook that leads here'),
    ]);
    expect(hookFindings(github, undefined, 0)).toEqual([]);
  });

  it('that a source has been silent for longer than is usual for it', () => {
    const DAY = 24 * 3_600_000;
    const days = Array.from({ length: 10 }, (_, day) => ({ day, count: 24, silence: DAY / 24 }));
    const pace = { at: 10 * DAY, since: 0, days };
    const said = (now: number) => silenceFindings(github, pace, now).map(({ words }) => words);
    expect(said(10 * DAY + DAY)).toEqual([]);
    expect(said(14 * DAY)).toEqual([
      expect.stringMatching(/^no delivery from GitHub for 4 days \(usually every 60 minutes\): look/),
    ]);
    expect(silenceFindings(github, undefined, 14 * DAY)).toEqual([]);
  });
});
