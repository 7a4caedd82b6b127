import { deadLine } from './dead-text.ts';
import type { Destination, Notification } from './destination.ts';
import { digestOf } from './post.ts';

export interface Mailbox {
  /** `smtp://user:password@host:587` or `smtps://…` */
  server: string;
  from: string;
  to: readonly string[];
}

/** Plain e-mails to operators. What is about one thing is one thread, by `References`. */
export function email({ server, from, to }: Mailbox): Destination {
  const { hostname } = new URL(server);
  return {
    name: 'email',
    to: digestOf(`${server} ${from} ${to.join(' ')}`),
    shown: to.join(', '),
    async send(notification) {
      // Few need it, and it is large.
      const { sendMail } = await import('./smtp.ts');
      await sendMail(server, { from, to, ...mailOf(notification, from) }, hostname);
    },
  };
}

const WORDS = { trouble: '', over: 'Over: ', news: '' };

function mailOf({ key, state, title, lines, url }: Notification, from: string) {
  const subject = `[incident-closer] ${WORDS[state]}${deadLine(title)}`;
  const thread = `<${digestOf(key)}@${from.slice(from.lastIndexOf('@') + 1).replaceAll(/[^\w.-]/g, '')}>`;
  return {
    subject,
    text: [...lines, ...(url === undefined ? [] : [url])].map((line) => `${line}\n`).join('\n'),
    references: thread,
    // Nobody's absence note answers it: https://www.rfc-editor.org/rfc/rfc3834#section-5
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}
