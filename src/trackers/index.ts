import { keepableKey } from '../outside-text.ts';
import type { TaskKey } from '../vocabulary.ts';
import { asana } from './asana/index.ts';
import { azureDevOps } from './azure-devops/index.ts';
import { clickup } from './clickup/index.ts';
import { createGeneric } from './generic/index.ts';
import { genericKey } from './generic/permalink.ts';
import { github } from './github/index.ts';
import { gitlab } from './gitlab/index.ts';
import { incidentIo } from './incident-io/index.ts';
import { jira } from './jira/index.ts';
import { linear } from './linear/index.ts';
import { notion } from './notion/index.ts';
import { servicenow } from './servicenow/index.ts';
import { shortcut } from './shortcut/index.ts';
import type { Source, Tracker } from './tracker.ts';

/** All trackers. */
export const trackers: readonly Tracker[] = [
  github,
  jira,
  linear,
  gitlab,
  asana,
  azureDevOps,
  clickup,
  shortcut,
  notion,
  servicenow,
];

/** All sources of webhooks. */
export const sources: readonly Source[] = [...trackers, incidentIo, createGeneric(possibleTaskKeys)];

export function trackerByName(name: string): Tracker | undefined {
  return trackers.find((tracker) => tracker.name === name);
}

/**
 * The key of the task in incident.io's reference. If no adapter knows the provider or permalink, it is made from the link
 * itself, which the generic webhook can also name; undefined if that is no link.
 */
export function taskKeyOf(provider: string, permalink: string): TaskKey | undefined {
  const tracker = trackers.find(({ providers }) => providers.includes(provider));
  const key = tracker?.taskKey(permalink) ?? genericKey(permalink);
  return key === undefined ? undefined : keepableKey(key);
}

/**
 * All keys that the task of a link may have here: a link does not say which tracker it belongs to, and several trackers
 * may run on any host. One is made from the link alone.
 */
export function possibleTaskKeys(url: string): TaskKey[] {
  const keys = [...trackers.map((tracker) => tracker.taskKey(url)), genericKey(url)];
  return [...new Set(keys.flatMap((key) => (key === undefined ? [] : keepableKey(key))))];
}
