import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it } from 'vitest';
import { NotTakenError } from '../../src/notifications/destination.ts';
import { email } from '../../src/notifications/email.ts';
import { NEVER, notification } from './support.ts';

interface Mail {
  from: string;
  to: string[];
  user: string | undefined;
  text: string;
}

/** A real SMTP server on this machine. */
async function startSmtp(options: ConstructorParameters<typeof SMTPServer>[0] = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    hideSTARTTLS: true,
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) =>
      password === 'p@ss' ? done(null, { user: username }) : done(new Error(`canary ${password}`)),
    async onData(stream, { envelope, user }, done) {
      let text = '';
      for await (const chunk of stream) text += chunk;
      const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      mails.push({
        from,
        to: envelope.rcptTo.map(({ address }) => address),
        user: user && String(user),
        text,
      });
      done();
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: AddressInfo = Object(server.server.address());
  return { mails, port, close: () => new Promise<void>((resolve) => server.close(resolve)) };
}

const ADDRESSES = { from: 'closer@example.com', to: ['ops@example.com', 'grace@example.com'] };

describe('e-mail', () => {
  it('goes to everybody at once, over a real SMTP server, with the user and password that it wants', async (test) => {
    const { mails, port, close } = await startSmtp();
    test.onTestFinished(close);
    const one = email({ server: `smtp://closer:p%40ss@127.0.0.1:${port}`, ...ADDRESSES });
    await one.send(notification({ url: 'https://closer.example.com/' }), NEVER);
    await one.send(
      notification({ state: 'over', title: 'the API key\r\nBcc: evil@example.com works again' }),
      NEVER,
    );
    const [first, second] = mails;
    expect(first).toMatchObject({ from: 'closer@example.com', to: ADDRESSES.to, user: 'closer' });
    expect(first?.text).toContain('Subject: [incident-closer] the API key does not work\r\n');
    expect(first?.text).toContain('Auto-Submitted: auto-generated\r\n');
    expect(first?.text).toContain('incident.io rejects the API key');
    expect(first?.text).toContain('https://closer.example.com/');
    // A thread, and no header of somebody else's making.
    const thread = /^References: .*$/m.exec(first?.text ?? '')?.[0];
    expect(thread).toBeDefined();
    expect(second?.text).toContain(thread);
    expect(second?.text).not.toMatch(/^Bcc:/m);
    expect(second?.to).toEqual(ADDRESSES.to);
  });

  it('that is not taken is told without the password and without what the server says', async (test) => {
    const { port, mails, close } = await startSmtp();
    test.onTestFinished(close);
    const wrong = email({ server: `smtp://closer:secret-word@127.0.0.1:${port}`, ...ADDRESSES });
    const told = await wrong.send(notification(), NEVER).catch((error: unknown) => error);
    expect(told).toBeInstanceOf(NotTakenError);
    expect(String(told)).toMatch(/^NotTakenError: 127\.0\.0\.1: the e-mail was not taken \(EAUTH 535\)$/);
    const absent = email({ server: 'smtp://127.0.0.1:1', ...ADDRESSES });
    await expect(absent.send(notification(), NEVER)).rejects.toThrow(NotTakenError);
    expect(mails).toEqual([]);
  });

  it('with a password goes to no other machine unencrypted', async (test) => {
    // Under this name the server is not known to be on this machine.
    const { port, mails, close } = await startSmtp();
    test.onTestFinished(close);
    const open = email({ server: `smtp://closer:p%40ss@[::ffff:127.0.0.1]:${port}`, ...ADDRESSES });
    await expect(open.send(notification(), NEVER)).rejects.toThrow('not taken');
    expect(mails).toEqual([]);
  });
});
