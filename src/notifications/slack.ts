import type { Http } from '../http.ts';
import { deadLine } from './dead-text.ts';
import type { Destination, Notification } from './destination.ts';
import { digestOf, postJson } from './post.ts';

/**
 * Incoming webhooks of Slack's form: one field `text`, with a little markup.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * Mattermost takes the same (https://developers.mattermost.com/integrate/webhooks/incoming/), and Discord at an address
 * with `/slack` at its end (https://discord.com/developers/docs/resources/webhook#execute-slackcompatible-webhook).
 */
export function slack(url: string, http: Http): Destination {
  const shown = new URL(url).host;
  return {
    name: 'slack',
    to: digestOf(`slack ${url}`),
    shown,
    send: (notification, signal) =>
      postJson(http, { url, body: { text: textOf(notification) }, shown, signal }),
  };
}

const SIGNS = { trouble: '🔴', over: '🟢', news: '🔵' };

/** Without asterisks: one is bold in Slack, two are in Mattermost and Discord. */
function textOf({ state, title, lines, url }: Notification): string {
  return [
    `${SIGNS[state]} incident-closer: ${deadLine(title)}`,
    ...lines.map((line) => `• ${deadLine(line)}`),
    ...(url === undefined ? [] : [url]),
  ].join('\n');
}
