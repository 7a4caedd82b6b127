import { describe, expect, it } from 'vitest';
import { createLogger } from '../src/log.ts';

function lines(pretty: boolean, write: (log: ReturnType<typeof createLogger>) => void): string {
  const written: string[] = [];
  write(createLogger('debug', { pretty, destination: { write: (line) => written.push(line) } }));
  return written.join('');
}

describe('the log', () => {
  it('is one JSON object a line for machines', () => {
    const text = lines(false, (log) => log.info({ incident: 'INC-1' }, 'closed'));
    expect(JSON.parse(text)).toMatchObject({
      level: 'info',
      msg: 'closed',
      incident: 'INC-1',
      time: expect.any(String),
    });
  });

  it('is readable for people, and writes at once', () => {
    expect(lines(true, (log) => log.warn({ incident: 'INC-1' }, 'waits'))).toMatch(/WARN.*waits[\s\S]*INC-1/);
  });

  it('tells people the time as the sentences in it do, in UTC', () => {
    const [line] = lines(true, (log) => log.warn('waits')).split('\n');
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\] WARN/);
  });

  it.each([true, false])('hides what may be a secret, however deep it lies (pretty: %s)', (pretty) => {
    const secret = 'canary-31';
    const headers = { Authorization: secret, 'X-Hub-Signature-256': secret, cookie: secret, host: 'kept' };
    const text = lines(pretty, (log) => {
      log.info(
        { headers, apiKey: secret, a: { b: { webhook_secret: secret } }, list: [{ token: secret }] },
        'one',
      );
      log.child({ password: secret }).info('two');
      log.error(
        Object.assign(new Error('broken'), { request: { headers }, cause: { api_key: secret } }),
        'three',
      );
      log.info({ body: Buffer.from(secret) }, 'four');
    });
    expect(text).not.toContain(secret);
    for (const kept of ['kept', 'broken', 'one', 'two', 'three', 'four']) expect(text).toContain(kept);
  });

  it('never has the command that ioredis attaches to an error, which holds the password of AUTH', () => {
    const command = { name: 'auth', args: ['user', 'canary-32'] };
    const error = Object.assign(new Error('WRONGPASS'), { command });
    const all = Object.assign(new Error('all failed', { cause: error }), { previousErrors: [error] });
    const text = lines(false, (log) => log.warn({ err: all, error }, 'five'));
    expect(text).toContain('WRONGPASS');
    expect(text).not.toContain('canary-32');
  });
});
