import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '../../src/settings/settings.ts';

function problems(env: Record<string, string>): readonly string[] {
  try {
    readSettings(env);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

const PROXY = { AUTH_PROXY_HEADER: 'X-Forwarded-Email', TRUSTED_PROXIES: '10.0.0.7', VIEWERS: '*' };

describe('the settings of who may do what', () => {
  it('are read as they are, the header in any case', () => {
    expect(
      readSettings({
        ...PROXY,
        OPERATOR_GROUPS: 'sre, oncall',
        AUTH_PROXY_GROUPS_HEADER: 'X-Forwarded-Groups',
      }),
    ).toMatchObject({
      authProxyHeader: 'x-forwarded-email',
      authProxyGroupsHeader: 'x-forwarded-groups',
      viewers: ['*'],
      operatorGroups: ['sre', 'oncall'],
    });
    expect(readSettings(PROXY).warnings).toEqual([]);
  });

  it.each([
    ['a header without a proxy that may send it', { TRUSTED_PROXIES: '' }, /^TRUSTED_PROXIES is missing/],
    ['a header and nobody who may enter', { VIEWERS: '' }, /nobody may enter/],
    ['groups without their header', { OPERATOR_GROUPS: 'sre' }, /^AUTH_PROXY_GROUPS_HEADER is missing/],
    [
      'one token for both',
      { ADMIN_TOKEN: 'one-token-for-both', VIEWER_TOKEN: 'one-token-for-both' },
      /^VIEWER_TOKEN is the same as ADMIN_TOKEN/,
    ],
    ['a VIEWER_TOKEN that can be guessed', { VIEWER_TOKEN: 'short' }, /^VIEWER_TOKEN .* 16 characters/],
    [
      'a header with underscores',
      { AUTH_PROXY_HEADER: 'X_Forwarded_Email' },
      /^AUTH_PROXY_HEADER is .* hyphens/,
    ],
    ['a header that every client sends', { AUTH_PROXY_HEADER: 'Authorization' }, /^AUTH_PROXY_HEADER is/],
    [
      'a header with the address of a client',
      { AUTH_PROXY_HEADER: 'X-Forwarded-For' },
      /^AUTH_PROXY_HEADER is/,
    ],
  ])('stop the start: %s', (_, env, said) => {
    expect(problems({ ...PROXY, ...env })).toEqual([expect.stringMatching(said)]);
  });

  it('say which of them have no effect', () => {
    expect(readSettings({ OPERATORS: 'ada', VIEWER_GROUPS: 'support' }).warnings).toEqual([
      'OPERATORS is set and not used: AUTH_PROXY_HEADER is not set',
      'VIEWER_GROUPS is set and not used: AUTH_PROXY_HEADER is not set',
    ]);
    expect(readSettings({ ...PROXY, AUTH_PROXY_GROUPS_HEADER: 'X-Forwarded-Groups' }).warnings).toEqual([
      'AUTH_PROXY_GROUPS_HEADER is set and not used: neither OPERATOR_GROUPS nor VIEWER_GROUPS is set',
    ]);
  });
});
