import { describe, expect, it } from 'vitest';
import { missingTokens } from '../../src/settings/missing-tokens.ts';
import { prefixOf } from '../../src/settings/rows.ts';
import { describeSettings, readSettings } from '../../src/settings/settings.ts';

describe('the word `handshake` in place of a secret', () => {
  it('asks for one, and is no secret itself', () => {
    const settings = readSettings({
      ASANA_WEBHOOK_SECRET: 'handshake',
      NOTION_WEBHOOK_SECRET: 'own, handshake',
    });
    expect(settings.handshakes).toEqual(['asana', 'notion']);
    expect(settings.webhookSecrets).toEqual({ asana: [], notion: ['own'] });
    expect(describeSettings(settings)).toMatchObject({
      ASANA_WEBHOOK_SECRET: 'handshake',
      NOTION_WEBHOOK_SECRET: '(set), handshake',
      SERVICENOW_WEBHOOK_SECRET: '(not set)',
    });
  });

  it.each(['github', 'jira', 'linear', 'gitlab', 'azure-devops', 'clickup', 'servicenow', 'shortcut'])(
    'is refused for %s, which offers no secret',
    (name) => {
      const variable = `${prefixOf(name)}_WEBHOOK_SECRET`;
      for (const given of ['handshake', 'Handshake', 'a secret of its own, handshake'])
        expect(() => readSettings({ [variable]: given })).toThrow(
          `${variable} is the word \`handshake\`, which means nothing there`,
        );
    },
  );

  it('is known in any case', () => {
    expect(readSettings({ ASANA_WEBHOOK_SECRET: 'HANDSHAKE' })).toMatchObject({
      handshakes: ['asana'],
      webhookSecrets: { asana: [] },
    });
  });
});

describe('a tracker whose webhooks say no state', () => {
  it('is told at the start where its API token is missing', () => {
    const settings = readSettings({
      ASANA_WEBHOOK_SECRET: 'handshake',
      NOTION_WEBHOOK_SECRET: 'own',
      NOTION_API_TOKEN: 'token',
      GITHUB_WEBHOOK_SECRET: 'own',
    });
    expect(missingTokens(settings)).toEqual([expect.stringContaining('ASANA_API_TOKEN is not set')]);
    expect(missingTokens(readSettings({}))).toEqual([]);
  });
});
