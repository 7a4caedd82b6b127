import { mkdtempSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeSettings, readSettings, SettingsError } from '../../src/settings/settings.ts';
import { shortSecrets } from '../../src/settings/short-secrets.ts';

const CANARY = 'canary-4711';

function refusal(
  env: Record<string, string>,
  required: Parameters<typeof readSettings>[1] = [],
): SettingsError {
  try {
    readSettings(env, required);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

function file(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'settings-')), 'secret');
  writeFileSync(path, content);
  return path;
}

describe('settings', () => {
  it('name what is missing where webhooks are to be sent and nothing signs them, and repeat no address', () => {
    const refused = () => readSettings({ OUTGOING_WEBHOOK_URL: 'https://hooks.example.com/canary' });
    expect(refused).toThrow(/OUTGOING_WEBHOOK_SECRET is missing/);
    expect(refused).not.toThrow(/canary/);
  });

  it('have the defaults of the contract where nothing is given', () => {
    expect(readSettings({})).toEqual({
      apiKey: undefined,
      announceInTasks: false,
      announceInIncident: false,
      announcePrivate: false,
      keepHistory: 365 * 24 * 3_600_000,
      outgoingWebhookUrl: undefined,
      outgoingWebhookSecret: undefined,
      blockedAfter: 86_400_000,
      onReopened: 'tell',
      notifyPagerdutyUrl: 'https://events.pagerduty.com',
      apiUrl: 'https://api.incident.io',
      queueUrl: '.incident-closer',
      queuePrefix: 'incident-closer',
      port: 3000,
      postgresConnections: 10,
      host: '127.0.0.1',
      settleTime: 60_000,
      shutdownDelay: 0,
      sweepEvery: 600_000,
      syncFollowUps: true,
      minFollowUps: 1,
      minTimeResolved: 0,
      maxClosesPerHour: 60,
      activeIncidents: 'leave',
      resolvedStatus: undefined,
      closedStatus: undefined,
      notifyIncidentChannel: true,
      policyFile: undefined,
      dryRun: false,
      logLevel: 'info',
      lockDuration: 14_000,
      stalledInterval: 5_000,
      reviewConcurrency: 5,
      webhookSecrets: {},
      handshakes: [],
      // Each tracker's own, of which its own tests speak.
      trackerOptions: expect.any(Object),
      trackerAccess: {},
      warnings: [],
    });
  });

  it('take a folder in the home directory, as a shell would', () => {
    for (const [given, read] of [
      ['~', homedir()],
      ['~/closer', join(homedir(), 'closer')],
      ['~other', '~other'],
      ['a/~', 'a/~'],
    ] as const)
      expect(readSettings({ QUEUE_URL: given }).queueUrl).toBe(read);
  });

  it('count an empty text or one of blanks as missing', () => {
    expect(readSettings({ PORT: '', SETTLE_TIME: '  ', GITHUB_WEBHOOK_SECRET: ' ' })).toEqual(
      readSettings({}),
    );
    expect(refusal({ INCIDENT_IO_API_KEY: ' ' }, ['apiKey']).message).toContain(
      'INCIDENT_IO_API_KEY is missing',
    );
  });

  it.each([
    ['0s', 0],
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['250ms', 250],
  ])('read the duration %s', (text, value) => {
    expect(readSettings({ SETTLE_TIME: text }).settleTime).toBe(value);
  });

  it('list every problem at once, each with its variable, what was given and what is allowed', () => {
    const error = refusal(
      {
        SETTLE_TIME: '5 min',
        MIN_FOLLOW_UPS: '0',
        PORT: '70000',
        ACTIVE_INCIDENTS: 'shut',
        DRY_RUN: 'maybe',
      },
      ['apiKey'],
    );
    expect(error.problems).toHaveLength(6);
    for (const words of [
      'SETTLE_TIME is "5 min": give a duration such as 0s, 90s, 5m, 2h or 1d',
      'MIN_FOLLOW_UPS is "0": give a whole number from 1',
      'PORT is "70000": give a whole number from 0 to 65535',
      'ACTIVE_INCIDENTS is "shut": give one of leave, resolve, close',
      'DRY_RUN is "maybe": give true or false',
      'INCIDENT_IO_API_KEY is missing',
    ])
      expect(error.message).toContain(words);
  });

  it.each(['-1s', '1.5h', '30', '21d', '1w', '1e3s'])('refuse the duration %s', (text) => {
    expect(refusal({ SETTLE_TIME: text }).message).toContain(`SETTLE_TIME is "${text}"`);
  });

  it.each([
    'http://api.incident.io',
    'https://u:p@host',
    'https://api.incident.io@evil.example',
    'https://api.incident.io%40evil.example@evil.example/',
    'https://host/?a=b',
    'https://host/#a',
    'incident',
    'ftp://h',
  ])('refuse the API address %s', (text) => {
    expect(refusal({ INCIDENT_IO_API_URL: text }).message).toContain('INCIDENT_IO_API_URL');
  });

  it.each([
    ['http://127.0.0.1:4000/', 'http://127.0.0.1:4000'],
    ['http://localhost:4000', 'http://localhost:4000'],
    ['http://[::1]:4000', 'http://[::1]:4000'],
    ['https://eu.example.com/base/', 'https://eu.example.com/base'],
  ])('take the API address %s', (text, value) => {
    expect(readSettings({ INCIDENT_IO_API_URL: text }).apiUrl).toBe(value);
  });

  it.each([
    './data',
    '/var/lib/closer',
    'C:\\data',
    'redis://h',
    'rediss://u:p@h:1/2',
    'redis-sentinel://u:p%40@h:1,[::1]:2/0?sentinelPassword=p#main',
    'rediss-sentinel://h#main',
    'redis-cluster://:p@h:1,h:2',
    'rediss-cluster://h/0',
    'postgres://h/db',
    'postgresql:///db?host=/run',
  ])('take the queue address %s', (text) => {
    expect(readSettings({ QUEUE_URL: text }).queueUrl).toBe(text);
  });

  it.each([
    'localhost:6379',
    'amqp://h',
    'redis:h',
    'redis://',
    'redis-sentinel://',
    'redis-cluster://h:1,',
    'redis-cluster://u:p/p@h:1',
    'mysql://h/db',
    'file:x',
    'redis://u:p#p@h',
  ])('refuse the queue address %s', (text) => {
    expect(refusal({ QUEUE_URL: text }).message).toContain(
      'QUEUE_URL has a value that is not allowed: give a folder',
    );
  });

  it.each([
    ['redis-sentinel://h:1,h:2/0', 'the name of the master'],
    ['redis-cluster://h:1,h:2/3', 'without a database'],
  ])('refuse %s, and say what is missing', (text, words) => {
    expect(refusal({ QUEUE_URL: text }).message).toContain(words);
  });

  it.each([
    [`redis-cluster://user:${CANARY}@h:1,h:2`, 'redis-cluster://user:***@h:1,h:2'],
    [`rediss-cluster://:${CANARY}@x@h:1,h:2`, 'rediss-cluster://:***@h:1,h:2'],
    [
      `redis-sentinel://user:${CANARY}@h:1,h:2/0?sentinelUsername=s&sentinelPassword=${CANARY}#main`,
      'redis-sentinel://user:***@h:1,h:2/0?sentinelUsername=s&sentinelPassword=***#main',
    ],
    [`redis://user:${CANARY}@h:1/2`, 'redis://user:***@h:1/2'],
    [`postgres://h/db?user=u&password=${CANARY}`, 'postgres://h/db?user=u&password=***'],
    [
      `postgresql:///db?host=/run&sslpassword=${CANARY}&PGPASSWORD=${CANARY}&access_token=${CANARY}`,
      'postgresql:///db?host=%2Frun&sslpassword=***&PGPASSWORD=***&access_token=***',
    ],
  ])('show %s without its passwords', (text, shown) => {
    expect(describeSettings(readSettings({ QUEUE_URL: text })).QUEUE_URL).toBe(shown);
  });

  it.each(['https://api.github.com@evil.example', 'https://u:p@h', 'https://h?q', 'http://github.example'])(
    'refuse the address %s for a token of a tracker',
    (text) => {
      expect(refusal({ GITHUB_API_TOKEN: 'token', GITHUB_URL: text }).message).toContain('GITHUB_URL');
    },
  );

  it('take REDIS_URL where QUEUE_URL is not given', () => {
    expect(readSettings({ REDIS_URL: 'redis://other' }).queueUrl).toBe('redis://other');
    expect(readSettings({ REDIS_URL: 'redis://other', QUEUE_URL: 'here' }).queueUrl).toBe('here');
    expect(refusal({ REDIS_URL: 'http://h' }).message).toContain('REDIS_URL has');
  });

  it('take several secrets of one tracker, with commas or one a line in a file', () => {
    expect(readSettings({ GITHUB_WEBHOOK_SECRET: 'new, old,' }).webhookSecrets).toEqual({
      github: ['new', 'old'],
    });
    const path = file('new, with a comma\r\n\nold\n');
    expect(readSettings({ GITHUB_WEBHOOK_SECRET_FILE: path }).webhookSecrets.github).toEqual([
      'new, with a comma',
      'old',
    ]);
    expect(refusal({ GITHUB_WEBHOOK_SECRET: ',,' }).message).toContain('at least one secret');
  });

  it('say which webhook secrets can be guessed, each of a list, where they are ours to choose', () => {
    const { webhookSecrets } = readSettings({
      GITHUB_WEBHOOK_SECRET: '123456789012345, 1234567890123456, letmein',
      JIRA_WEBHOOK_SECRET: 'letmein',
      NOTION_WEBHOOK_SECRET: 'made there',
      LINEAR_WEBHOOK_SECRET: 'made there',
      GITLAB_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}`,
    });
    const said = shortSecrets(webhookSecrets);
    expect(said).toEqual([
      expect.stringContaining('secret 1 of GITHUB_WEBHOOK_SECRET is shorter than 16 characters'),
      expect.stringContaining('secret 3 of GITHUB_WEBHOOK_SECRET is shorter'),
      expect.stringMatching(/^JIRA_WEBHOOK_SECRET is shorter .* `incident-closer secret jira`/),
    ]);
    expect(said.join()).not.toContain('letmein');
  });

  it('take hosts as a Host header names them, and networks of proxies that are not everybody', () => {
    expect(readSettings({ ALLOWED_HOSTS: 'Closer.internal, 10.0.0.7, fd00::7' }).allowedHosts).toEqual([
      'closer.internal',
      '10.0.0.7',
      '[fd00::7]',
    ]);
    for (const text of ['http://closer.internal', 'closer:3000', 'a/b', 'a@b', '*.internal', ','])
      expect(refusal({ ALLOWED_HOSTS: text }).message, text).toContain('ALLOWED_HOSTS');
    const networks = ['10.0.0.7', '10.0.0.0/8', 'fd00::/8', '::1'];
    expect(readSettings({ TRUSTED_PROXIES: networks.join() }).trustedProxies).toEqual(networks);
    for (const text of [
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '10.0.0',
      'proxy',
      '10.0.0.0/',
      'fe80::1%eth0',
    ])
      expect(refusal({ TRUSTED_PROXIES: text }).message, text).toContain('TRUSTED_PROXIES');
  });

  it('refuse a METRICS_TOKEN that could be guessed', () => {
    expect(refusal({ METRICS_TOKEN: 'fifteen-letters' }).message).toContain('at least 16 characters');
  });

  it('refuse an ADMIN_TOKEN that could be guessed, without repeating it', () => {
    expect(refusal({ ADMIN_TOKEN: 'fifteen-letters' }).problems).toEqual([
      'ADMIN_TOKEN has a value that is not allowed: give at least 16 characters, for example what `openssl rand -hex 32` prints',
    ]);
    expect(readSettings({ ADMIN_TOKEN: 'sixteen-letters-' }).adminToken).toBe('sixteen-letters-');
  });

  it('read any secret from a file, and say which file cannot be read', () => {
    expect(readSettings({ INCIDENT_IO_API_KEY_FILE: file('key\n') }, ['apiKey']).apiKey).toBe('key');
    expect(refusal({ INCIDENT_IO_API_KEY_FILE: '/nowhere/key' }, ['apiKey']).problems).toEqual([
      'INCIDENT_IO_API_KEY_FILE: the file /nowhere/key cannot be read (ENOENT)',
    ]);
    expect(refusal({ INCIDENT_IO_API_KEY_FILE: file('\n') }).message).toContain('is empty');
    const both = refusal({ INCIDENT_IO_API_KEY: 'a', INCIDENT_IO_API_KEY_FILE: file('a') });
    expect(both.message).toContain('INCIDENT_IO_API_KEY and INCIDENT_IO_API_KEY_FILE are both set');
  });

  it('never repeat a secret, not even a malformed one', () => {
    const error = refusal({
      INCIDENT_IO_API_KEY: `${CANARY} ${CANARY}`,
      QUEUE_URL: `amqp://u:${CANARY}@h`,
      GITHUB_WEBHOOK_SECRETS: CANARY,
    });
    expect(error.problems).toHaveLength(2);
    expect(error.message).not.toContain(CANARY);
  });

  it('report names that were probably meant to be ours', () => {
    const env = {
      INCIDENT_IO_APIKEY: 'a',
      GITHUB_WEBHOOK_SECRETS: 'a',
      INCIDENT_IO_TOKEN: 'a',
      sweep_every: '5m',
    };
    expect(readSettings(env).warnings).toEqual([
      'INCIDENT_IO_APIKEY is no setting of incident-closer: did you mean INCIDENT_IO_API_KEY?',
      'GITHUB_WEBHOOK_SECRETS is no setting of incident-closer: did you mean GITHUB_WEBHOOK_SECRET?',
      expect.stringContaining('INCIDENT_IO_TOKEN is no setting'),
      'sweep_every is no setting of incident-closer: did you mean SWEEP_EVERY?',
    ]);
    expect(refusal({ INCIDENT_IO_APIKEY: 'a' }, ['apiKey']).message).toContain(
      'did you mean INCIDENT_IO_API_KEY?',
    );
  });

  it.each([
    ['DRYRUN', 'DRY_RUN'],
    ['dry_run', 'DRY_RUN'],
    ['DRY_RUNS', 'DRY_RUN'],
    ['MAX_CLOSE_PER_HOUR', 'MAX_CLOSES_PER_HOUR'],
    ['MIN_FOLLOWUPS', 'MIN_FOLLOW_UPS'],
    ['ACTIVE_INCIDENT', 'ACTIVE_INCIDENTS'],
    ['SETTLETIME', 'SETTLE_TIME'],
    ['POLICY_FLIE', 'POLICY_FILE'],
    ['INCIDENT_CLOSER_DRY_RUN', 'DRY_RUN'],
    ['INCIDENT_IO_DRY_RUN', 'DRY_RUN'],
    ['npm_config_dry_run', 'DRY_RUN'],
    ['DRY-RUN', 'DRY_RUN'],
    ['DRY_RUN_ENABLED', 'DRY_RUN'],
    ['SETTLE_TIME_FILE', 'SETTLE_TIME'],
    ['SETTLE_TIME_SECONDS', 'SETTLE_TIME'],
    ['MAX_CLOSES', 'MAX_CLOSES_PER_HOUR'],
    ['MAX_CLOSURES_PER_HOUR', 'MAX_CLOSES_PER_HOUR'],
  ])('refuse %s, which was probably meant to be %s and keep the service from acting', (given, meant) => {
    expect(refusal({ [given]: '1' }).problems).toEqual([
      `${given} is no setting of incident-closer: did you mean ${meant}? Rename or remove it`,
    ]);
  });

  it('say which settings of trackers do nothing', () => {
    const env = {
      JIRA_URL: 'https://acme.atlassian.net',
      GITLAB_DECLINED_LABELS: 'x',
      ANNOUNCE_IN_TASKS: 'true',
    };
    expect(readSettings(env).warnings).toEqual([
      'JIRA_URL is set and not used: JIRA_API_TOKEN is not set',
      'GITLAB_DECLINED_LABELS is set and not used: neither GITLAB_WEBHOOK_SECRET nor GITLAB_API_TOKEN is set',
      expect.stringContaining('ANNOUNCE_IN_TASKS is true, and no task can be commented on'),
    ]);
    expect(
      readSettings({ GITLAB_DECLINED_LABELS: 'x', GITLAB_WEBHOOK_SECRET: 'a secret of sixteen' }).warnings,
    ).toEqual([]);
  });

  it('say which settings do nothing because of another one', () => {
    const idle = {
      RESOLVED_STATUS: 'Reviewing',
      BLOCKED_AFTER: '2h',
      ANNOUNCE_PRIVATE: 'true',
      HOST: '0.0.0.0',
      ALLOWED_HOSTS: 'closer.internal',
      QUEUE_URL: 'redis://queue',
      REDIS_URL: 'redis://cache',
      POSTGRES_CONNECTIONS: '20',
    };
    expect(readSettings(idle).warnings.map((words) => words.split(': ')[0])).toEqual([
      'RESOLVED_STATUS is set and not used',
      'BLOCKED_AFTER is set and not used',
      'ANNOUNCE_PRIVATE is set and not used',
      'ALLOWED_HOSTS is set and not used',
      'POSTGRES_CONNECTIONS is set and not used',
      'REDIS_URL is set and not used',
    ]);
    expect(
      readSettings({
        RESOLVED_STATUS: 'Reviewing',
        ACTIVE_INCIDENTS: 'resolve',
        ALLOWED_HOSTS: 'closer.internal',
        REDIS_URL: 'redis://queue',
        ANNOUNCE_PRIVATE: 'false',
      }).warnings,
    ).toEqual([]);
  });

  it('leave variables of others alone', () => {
    const env = {
      HOME: '/root',
      HOSTNAME: 'a',
      PATH: '/bin',
      POST: 'x',
      REDIS_HOST: 'h',
      GITHUB_TOKEN: 't',
      NODE_ENV: 'x',
      HELM_DRY_RUN: 'true',
      ACTIVE: 'x',
      POLICY: 'x',
      RUN_DRY: 'x',
      MAX_CONNECTIONS: '1',
    };
    expect(readSettings(env).warnings).toEqual([]);
  });

  it('are described by variable with secrets masked', () => {
    const settings = readSettings({
      INCIDENT_IO_API_KEY: CANARY,
      QUEUE_URL: `rediss://user:${CANARY}@host:6380/1`,
      GITHUB_WEBHOOK_SECRET: `${CANARY},other-${CANARY}`,
      SETTLE_TIME: '90s',
    });
    const shown = describeSettings(settings);
    expect(shown).toMatchObject({
      INCIDENT_IO_API_KEY: '(set)',
      QUEUE_URL: 'rediss://user:***@host:6380/1',
      GITHUB_WEBHOOK_SECRET: '(2 secrets)',
      SETTLE_TIME: '90s',
      SWEEP_EVERY: '10m',
      CLOSED_STATUS: '(not set)',
    });
    expect(JSON.stringify(shown)).not.toContain(CANARY);
  });
});
