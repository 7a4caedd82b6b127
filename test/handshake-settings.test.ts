import { describe, expect, it } from 'vitest';
import { missingTokens } from '../src/settings/missing-tokens.ts';
import { describeSettings, readSettings } from '../src/settings.ts';

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

  it('is any text where the tracker shakes no hands', () => {
    const settings = readSettings({ GITHUB_WEBHOOK_SECRET: 'handshake' });
    expect(settings.handshakes).toEqual([]);
    expect(settings.webhookSecrets).toEqual({ github: ['handshake'] });
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
