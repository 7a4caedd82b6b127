import type { Http } from '../http.ts';
import { bounded, withoutSlashes } from '../outside-text.ts';
import type { Destination, Notification } from './destination.ts';
import { digestOf, postJson } from './post.ts';

/** Lengths that PagerDuty takes. */
const LONGEST_SUMMARY = 1_024;
const LONGEST_KEY = 255;

/**
 * PagerDuty's Events API v2: a trouble triggers an alert, its end resolves it, by the same `dedup_key`. News that need
 * nobody make no alert. https://developer.pagerduty.com/docs/events-api-v2-overview
 *
 * `base`: https://events.pagerduty.com, or https://events.eu.pagerduty.com. `source`: what the alerts are about.
 */
export function pagerduty(routingKey: string, base: string, source: string, http: Http): Destination {
  const url = `${withoutSlashes(base)}/v2/enqueue`;
  const shown = new URL(url).host;
  return {
    name: 'pagerduty',
    to: digestOf(`${url} ${routingKey}`),
    shown,
    wants: ({ severity, state }) => state !== 'news' || severity !== 'info',
    async send(notification, signal) {
      // Others of the same alert go on.
      if (notification.state === 'over' && notification.goesOn) return;
      const body = { routing_key: routingKey, ...eventOf(notification, source) };
      await postJson(http, { url, body, shown, signal });
    },
  };
}

function eventOf({ key, state, severity, title, lines, url, at }: Notification, source: string): object {
  const dedupKey = { dedup_key: bounded(key, LONGEST_KEY) };
  if (state === 'over') return { event_action: 'resolve', ...dedupKey };
  const [first] = lines;
  const summary = `incident-closer: ${title}${first === undefined ? '' : `: ${first}`}`;
  return {
    event_action: 'trigger',
    ...dedupKey,
    client: 'incident-closer',
    ...(url !== undefined && { client_url: url }),
    payload: {
      summary: bounded(summary, LONGEST_SUMMARY),
      source,
      severity,
      timestamp: new Date(at).toISOString(),
      component: 'incident-closer',
      custom_details: { details: lines.join('\n') },
    },
  };
}
