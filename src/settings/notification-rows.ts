import { type Kind, NotAllowed, secrets, text, texts } from './kinds.ts';
import { optional, withDefault } from './row.ts';
import { apiUrl, smtpUrl, webhookUrls } from './urls.ts';

/** One address, without a name before it: no line break that would begin a header of its own. */
const ADDRESS = /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]{1,255}$/;
const address = text(ADDRESS, 'an e-mail address such as ops@example.com');

const addresses: Kind<string[]> = {
  show: texts.show,
  parse(given) {
    const found = texts.parse(given);
    if (!found.every((one) => ADDRESS.test(one)))
      throw new NotAllowed('e-mail addresses such as ops@example.com, with commas between several');
    return found;
  },
};

/** Who is told of what operators must know: see `src/notifications/`. */
export const notificationRows = {
  notifySlackUrl: optional('NOTIFY_SLACK_URL', webhookUrls, {
    group: 'Notifications',
    secret: true,
    doc: 'incoming webhooks of Slack, Mattermost or (with `/slack` at the end) Discord that tell operators what goes wrong: see [docs/notifications.md](docs/notifications.md); several with commas between them',
  }),
  notifyTeamsUrl: optional('NOTIFY_TEAMS_URL', webhookUrls, {
    group: 'Notifications',
    secret: true,
    doc: "the same for Microsoft Teams: the addresses of workflows' webhooks",
  }),
  notifyEmailTo: optional('NOTIFY_EMAIL_TO', addresses, {
    group: 'Notifications',
    doc: 'e-mail addresses that get the same, comma-separated',
  }),
  notifyEmailFrom: optional('NOTIFY_EMAIL_FROM', address, {
    group: 'Notifications',
    doc: 'the sender of these e-mails',
  }),
  notifySmtpUrl: optional('NOTIFY_SMTP_URL', smtpUrl, {
    group: 'Notifications',
    secret: true,
    doc: 'the server that takes these e-mails: `smtp://user:password@mail.example.com:587` (STARTTLS), or `smtps://…`',
  }),
  notifyPagerdutyKey: optional('NOTIFY_PAGERDUTY_KEY', secrets(), {
    group: 'Notifications',
    secret: true,
    doc: 'integration keys (Events API v2) of PagerDuty services: an alert for each trouble, resolved when it is over',
  }),
  notifyPagerdutyUrl: withDefault('NOTIFY_PAGERDUTY_URL', apiUrl, 'https://events.pagerduty.com', {
    group: 'Notifications',
    doc: 'base address of its Events API; `https://events.eu.pagerduty.com` for accounts in the EU',
  }),
};
