import { createTransport } from 'nodemailer';
import { isLoopbackName } from '../loopback.ts';
import { NotTakenError } from './destination.ts';

export interface Mail {
  from: string;
  to: readonly string[];
  subject: string;
  text: string;
  references: string;
  headers: Record<string, string>;
}

/** All in ms: a server that hangs keeps nobody waiting for long. */
const DEADLINES = {
  connectionTimeout: 5_000,
  greetingTimeout: 5_000,
  socketTimeout: 10_000,
  dnsTimeout: 5_000,
};

/**
 * Sends one e-mail by SMTP, over a connection of its own. With a password the connection has to be encrypted, from the
 * start or by STARTTLS, unless the server is on this machine. Throws `NotTakenError`.
 * https://nodemailer.com/smtp/
 */
export async function sendMail(server: string, mail: Mail, shown: string): Promise<void> {
  const { protocol, hostname, port, username, password } = new URL(server);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && username !== '' && !isLoopbackName(hostname),
    ...(username !== '' && {
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    }),
    disableFileAccess: true,
    disableUrlAccess: true,
    ...DEADLINES,
  });
  try {
    await transport.sendMail({ ...mail, to: [...mail.to] });
  } catch (error) {
    throw new NotTakenError(`${shown}: the e-mail was not taken (${whyOf(error)})`);
  } finally {
    transport.close();
  }
}

/** The code alone, also not as a cause: what a server says may quote the password that it was given. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
  const status = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : '';
  return `${code} ${status}`.trim();
}
