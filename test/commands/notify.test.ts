import { afterEach, describe, expect, it, vi } from 'vitest';
import { notifyCommand } from '../../src/commands/notify/notify.ts';
import { startReceiver } from '../support/receiver.ts';

describe('notify --test', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  function printed() {
    const lines: string[] = [];
    const keep = (...words: unknown[]) => void lines.push(words.join(' '));
    vi.spyOn(console, 'log').mockImplementation(keep);
    vi.spyOn(console, 'error').mockImplementation(keep);
    return lines;
  }

  it('sends a test to every destination and fails where one does not take it, naming no address', async () => {
    const good = await startReceiver((_, response) => response.writeHead(202).end());
    const bad = await startReceiver((_, response) => response.writeHead(404).end('canary'));
    vi.stubEnv('NOTIFY_SLACK_URL', bad.url);
    vi.stubEnv('NOTIFY_TEAMS_URL', good.url);
    vi.stubEnv('NOTIFY_PAGERDUTY_KEY', 'canary');
    vi.stubEnv('NOTIFY_PAGERDUTY_URL', new URL(good.url).origin);
    const lines = printed();
    expect(await notifyCommand({ json: false })).toBe(1);
    expect(lines).toEqual([
      `FAILED  slack (${new URL(bad.url).host}): ${new URL(bad.url).host} answered 404`,
      `taken  teams (${new URL(good.url).host})`,
      `taken  pagerduty (${new URL(good.url).host})`,
    ]);
    const events = good.received.map(({ body }) => JSON.parse(body).event_action);
    expect(events.filter((action) => action !== undefined)).toEqual(['trigger', 'resolve']);
    expect(lines.join('\n')).not.toMatch(/canary|hook/);

    vi.stubEnv('NOTIFY_SLACK_URL', good.url);
    lines.length = 0;
    expect(await notifyCommand({ json: true })).toBe(0);
    expect(JSON.parse(lines.join('\n'))).toEqual({
      destinations: ['slack', 'teams', 'pagerduty'].map((destination) => ({
        ...{ destination, to: new URL(good.url).host, taken: true },
      })),
    });
    await good.close();
    await bad.close();
  });

  it('says which settings there are where nobody is notified', async () => {
    const lines = printed();
    expect(await notifyCommand({ json: false })).toBe(1);
    expect(lines.join('\n')).toContain('NOTIFY_SLACK_URL');
  });
});
