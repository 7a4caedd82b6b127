import { describe, expect, it } from 'vitest';
import { clockFindings } from '../../src/doctor/clock.ts';
import { configurationFindings } from '../../src/doctor/configuration.ts';
import { ago } from '../../src/doctor/finding.ts';
import { roleFindings, statusFindings } from '../../src/doctor/incident-io.ts';
import { readSettings } from '../../src/settings.ts';
import { ALL_ROLES } from '../../src/simulator/simulator.ts';
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
  const said = (...without: string[]) =>
    roleFindings(
      'closer',
      ALL_ROLES.filter((role) => !without.includes(role)),
      'https://app.incident.io/acme',
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
        state: 'ok',
        words:
          'closing moves an incident to “Closed”, the first of “Closed” and “Clean-up”; CLOSED_STATUS chooses another',
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
    const env = { INCIDENT_IO_API_KEY: 'inc_1', DRY_RUN: 'true', SETTLE_TIMES: '1m' };
    expect(
      configurationFindings(readSettings(env), { paused: 'paused: moving house' }).map(({ words }) => words),
    ).toEqual([
      expect.stringContaining('did you mean SETTLE_TIME'),
      expect.stringContaining('paused: moving house'),
      expect.stringContaining('nothing is written'),
      expect.stringContaining('no webhook is taken'),
    ]);
    const good = readSettings({ INCIDENT_IO_API_KEY: 'inc_1', GITHUB_WEBHOOK_SECRET: 'x' });
    expect(configurationFindings(good, {})).toMatchObject([{ state: 'ok' }]);
  });
});

it('how long ago something was is told in words', () => {
  const at = Date.parse('2026-03-01T12:00:00Z');
  const minute = 60_000;
  expect(ago(at, at + 30_000)).toBe('2026-03-01 12:00:00 UTC (less than a minute ago)');
  expect(ago(at, at + minute)).toContain('(1 minute ago)');
  expect(ago(at, at + 90 * minute)).toContain('(1 hour ago)');
  expect(ago(at, at + 72 * 60 * minute)).toContain('(3 days ago)');
});
