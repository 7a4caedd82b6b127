import { createHttp, type Http } from '../http.ts';
import type { Settings } from '../settings/settings.ts';
import type { Destination } from './destination.ts';
import { email } from './email.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { teams } from './teams.ts';

export type DestinationSettings = Pick<
  Settings,
  | 'notifySlackUrl'
  | 'notifyTeamsUrl'
  | 'notifyEmailTo'
  | 'notifyEmailFrom'
  | 'notifySmtpUrl'
  | 'notifyPagerdutyKey'
  | 'notifyPagerdutyUrl'
  | 'publicUrl'
>;

/** How long one destination may take, ms. */
const LONGEST_CALL = 10_000;

/** The client for destinations: with the proxies of the environment, and without following redirects. */
export function notifyingHttp(): Http {
  return createHttp({ total: LONGEST_CALL });
}

/** Everybody who is to be told, by the settings; each address once. */
export function destinationsOf(settings: DestinationSettings, http: Http): Destination[] {
  const { notifyEmailTo, notifyEmailFrom, notifySmtpUrl, notifyPagerdutyUrl, publicUrl } = settings;
  const source = publicUrl === undefined ? 'incident-closer' : new URL(publicUrl).host;
  const all = [
    ...(settings.notifySlackUrl ?? []).map((url) => slack(url, http)),
    ...(settings.notifyTeamsUrl ?? []).map((url) => teams(url, http)),
    ...(notifyEmailTo && notifyEmailFrom !== undefined && notifySmtpUrl !== undefined
      ? [email({ server: notifySmtpUrl, from: notifyEmailFrom, to: notifyEmailTo })]
      : []),
    ...(settings.notifyPagerdutyKey ?? []).map((key) => pagerduty(key, notifyPagerdutyUrl, source, http)),
  ];
  return [...new Map(all.map((one) => [one.to, one])).values()];
}
