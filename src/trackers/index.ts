import type { TaskKey } from '../vocabulary.ts';
import { asana } from './asana.ts';
import { azureDevOps } from './azure-devops.ts';
import { clickup } from './clickup.ts';
import { createGeneric } from './generic.ts';
import { genericKey } from './generic-key.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { incidentIo } from './incident-io.ts';
import { jira } from './jira.ts';
import { linear } from './linear.ts';
import { notion } from './notion.ts';
import { servicenow } from './servicenow.ts';
import { shortcut } from './shortcut.ts';
import type { Source, Tracker } from './tracker.ts';

/** Every tracker that there is. */
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

/** Everybody who may send webhooks. */
export const sources: readonly Source[] = [...trackers, incidentIo, createGeneric(keysOf)];

export function trackerByName(name: string): Tracker | undefined {
  return trackers.find((tracker) => tracker.name === name);
}

/**
 * The key of the task that incident.io's reference names. Where no adapter knows provider or permalink, it is made
 * from the link itself, by which the generic webhook can name it too; undefined where that is no link.
 */
export function taskKeyOf(provider: string, permalink: string): TaskKey | undefined {
  const tracker = trackers.find(({ providers }) => providers.includes(provider));
  return tracker?.taskKey(permalink) ?? genericKey(permalink);
}

/**
 * Every key that the task of a link may have here: a link does not say whose it is, and several trackers may run on
 * any host. One is made from the link alone.
 */
function keysOf(url: string): TaskKey[] {
  const keys = [...trackers.map((tracker) => tracker.taskKey(url)), genericKey(url)];
  return [...new Set(keys.flatMap((key) => key ?? []))];
}
