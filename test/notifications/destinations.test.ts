import { describe, expect, it } from 'vitest';
import { type Destination, NotTakenError } from '../../src/notifications/destination.ts';
import { destinationsOf } from '../../src/notifications/destinations.ts';
import { pagerduty } from '../../src/notifications/pagerduty.ts';
import { slack } from '../../src/notifications/slack.ts';
import { teams } from '../../src/notifications/teams.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { type Manner, startReceiver } from '../support/receiver.ts';
import { http, NEVER, notification } from './support.ts';

/** What a destination sends over real HTTP, and how it takes the answer. */
async function sending(
  make: (url: string, client: ReturnType<typeof http>) => Destination,
  notifications: Parameters<Destination['send']>[0][],
  manner: Manner = (_, response) => response.end('ok'),
) {
  const receiver = await startReceiver(manner);
  const client = http();
  const problems: unknown[] = [];
  for (const one of notifications)
    await make(receiver.url, client)
      .send(one, NEVER)
      .catch((error: unknown) => problems.push(error));
  await client.close();
  await receiver.close();
  return { bodies: receiver.received.map(({ body }) => JSON.parse(body)), problems, url: receiver.url };
}

const HOSTILE = 'hello <!channel> @here [click](https://evil.example)\nnext\u0000 line';

describe('Slack, Mattermost and Discord', () => {
  it('get one text, in which a name mentions nobody and hides no link', async () => {
    const { bodies, problems } = await sending(slack, [
      notification({ lines: [HOSTILE], url: 'https://closer.example.com/' }),
    ]);
    expect(problems).toEqual([]);
    expect(bodies).toEqual([
      {
        text: '🔴 incident-closer: the API key does not work\n• hello ‹!channel› @\u2060here [click]\u2060(https://evil.example) next line\nhttps://closer.example.com/',
      },
    ]);
  });
});

describe('Microsoft Teams', () => {
  it("gets an Adaptive Card in a message, as a workflow's webhook takes it", async () => {
    const { bodies } = await sending(teams, [
      notification({ state: 'over', url: 'https://closer.example.com/' }),
    ]);
    expect(bodies).toMatchObject([
      {
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            content: {
              type: 'AdaptiveCard',
              body: [
                { type: 'TextBlock', color: 'Good', text: 'incident-closer: the API key does not work' },
                { type: 'TextBlock', text: 'incident.io rejects the API key' },
              ],
              actions: [{ type: 'Action.OpenUrl', url: 'https://closer.example.com/' }],
            },
          },
        ],
      },
    ]);
  });
});

describe('PagerDuty', () => {
  const key = 'R0UT1NGKEY';
  const make = (url: string, client: ReturnType<typeof http>) =>
    pagerduty(key, new URL(url).origin, 'closer.example.com', client);

  it('gets an alert, and resolves it by the same key once nothing of its kind goes on', async () => {
    const over = notification({ state: 'over' });
    const { bodies } = await sending(make, [notification(), { ...over, goesOn: true }, over]);
    expect(bodies).toEqual([
      {
        routing_key: key,
        event_action: 'trigger',
        dedup_key: 'incident-closer acme key',
        client: 'incident-closer',
        payload: {
          summary: 'incident-closer: the API key does not work: incident.io rejects the API key',
          source: 'closer.example.com',
          severity: 'critical',
          timestamp: '2026-03-01T12:00:00.000Z',
          component: 'incident-closer',
          custom_details: { details: 'incident.io rejects the API key' },
        },
      },
      { routing_key: key, event_action: 'resolve', dedup_key: 'incident-closer acme key' },
    ]);
  });

  it('is not called for a closing, and keeps within its lengths', async () => {
    const one = pagerduty(key, 'https://events.pagerduty.com', 'x', http());
    expect(one.wants?.({ state: 'news', severity: 'info' })).toBe(false);
    expect(one.wants?.({ state: 'news', severity: 'warning' })).toBe(true);
    const { bodies } = await sending(make, [
      notification({ key: 'k'.repeat(300), lines: ['é'.repeat(3_000)] }),
    ]);
    expect(bodies[0].dedup_key).toHaveLength(255);
    expect(bodies[0].payload.summary.length).toBeLessThanOrEqual(1_024);
  });
});

describe('a destination that does not take it', () => {
  it.each([
    [429, { 'retry-after': '7' }, 7_000],
    [429, { 'retry-after': '99999999' }, 3_600_000],
    [500, {}, undefined],
    [307, { location: 'http://127.0.0.1:1/elsewhere' }, undefined],
  ])('answered %i: a retry may help, after the pause it asks for', async (status, headers, pause) => {
    const { problems, bodies, url } = await sending(slack, [notification()], (_, response) =>
      response.writeHead(status, headers).end('canary of the destination'),
    );
    // A redirect is not followed: the address is meant, and no other.
    expect(bodies).toHaveLength(1);
    expect(problems).toEqual([expect.any(NotTakenError)]);
    const [problem] = problems;
    expect(problem).toMatchObject({ pause, message: expect.stringContaining(String(status)) });
    expect(String(problem)).not.toMatch(/canary|hook/);
    expect(String(problem)).toContain(new URL(url).host);
  });

  it('gives no answer: that is said without its address', async () => {
    const client = http();
    const gone = slack('http://127.0.0.1:1/secret-path', client);
    await expect(gone.send(notification(), NEVER)).rejects.toThrow(
      /^127\.0\.0\.1:1: the connection failed \(ECONNREFUSED\)$/,
    );
    await client.close();
  });
});

describe('the settings', () => {
  const read = (env: Record<string, string>) => readSettings({ INCIDENT_IO_API_KEY: 'key', ...env });

  it('name every destination once', () => {
    const settings = read({
      NOTIFY_SLACK_URL: 'https://hooks.slack.com/services/T/B/x, https://hooks.slack.com/services/T/B/x',
      NOTIFY_TEAMS_URL: 'https://prod.logic.azure.com/workflows/1?sig=s',
      NOTIFY_EMAIL_TO: 'ops@example.com, grace@example.com',
      NOTIFY_EMAIL_FROM: 'closer@example.com',
      NOTIFY_SMTP_URL: 'smtp://u:p%40ss@mail.example.com:2525',
      NOTIFY_PAGERDUTY_KEY: 'one,two',
    });
    expect(destinationsOf(settings, http()).map(({ name, shown }) => [name, shown])).toEqual([
      ['slack', 'hooks.slack.com'],
      ['teams', 'prod.logic.azure.com'],
      ['email', 'ops@example.com, grace@example.com'],
      ['pagerduty', 'events.pagerduty.com'],
      ['pagerduty', 'events.pagerduty.com'],
    ]);
  });

  it.each([
    [{ NOTIFY_SLACK_URL: 'ftp://example.com/x' }, 'NOTIFY_SLACK_URL'],
    [{ NOTIFY_SLACK_URL: 'https://user:canary@example.com/x' }, 'without user'],
    [{ NOTIFY_EMAIL_TO: 'ops@example.com' }, 'NOTIFY_EMAIL_FROM and NOTIFY_SMTP_URL are missing'],
    [{ NOTIFY_EMAIL_TO: 'Ops <ops@example.com>' }, 'NOTIFY_EMAIL_TO'],
    [{ NOTIFY_SMTP_URL: 'https://canary@mail.example.com' }, 'smtp://user:password@'],
    [{ NOTIFY_SMTP_URL: 'smtp://u:canary%@mail.example.com' }, 'percent-encoded'],
    [{ NOTIFY_PAGERDUTY_URL: 'http://events.pagerduty.com' }, 'https://'],
    [{ ON_REOPENED: 'reopen' }, 'one of tell, follow-up, nothing'],
  ])('are refused with what is allowed instead: %j', (env, words) => {
    expect(() => read(env)).toThrow(words);
    expect(() => read(env)).not.toThrow('canary');
  });
});
