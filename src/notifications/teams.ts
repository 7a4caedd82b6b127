import type { Http } from '../http.ts';
import { deadLine } from './dead-text.ts';
import type { Destination, Notification } from './destination.ts';
import { digestOf, postJson } from './post.ts';

/**
 * The webhook of a workflow in Microsoft Teams ("Post to a channel when a webhook request is received"), which takes a
 * message with an Adaptive Card and answers 202. Connectors of Office 365, which Microsoft retires, are not tried.
 * https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498
 * and, for the body, https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using#send-adaptive-cards-using-an-incoming-webhook
 */
export function teams(url: string, http: Http): Destination {
  const shown = new URL(url).host;
  return {
    name: 'teams',
    to: digestOf(`teams ${url}`),
    shown,
    send: (notification, signal) => postJson(http, { url, body: messageOf(notification), shown, signal }),
  };
}

/** Colours of an Adaptive Card: https://adaptivecards.io/explorer/TextBlock.html */
const COLORS = { trouble: 'Attention', over: 'Good', news: 'Accent' };

function messageOf(notification: Notification): object {
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: cardOf(notification),
      },
    ],
  };
}

function cardOf({ state, title, lines, url }: Notification): object {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      {
        type: 'TextBlock',
        size: 'Medium',
        weight: 'Bolder',
        wrap: true,
        color: COLORS[state],
        text: `incident-closer: ${deadLine(title)}`,
      },
      ...lines.map((line) => ({ type: 'TextBlock', wrap: true, text: deadLine(line) })),
    ],
    ...(url !== undefined && { actions: [{ type: 'Action.OpenUrl', title: 'Open', url }] }),
  };
}
