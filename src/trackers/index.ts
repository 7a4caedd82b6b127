import type { TaskKey } from '../vocabulary.ts';
import { asana } from './asana.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { incidentIo } from './incident-io.ts';
import { jira } from './jira.ts';
import { linear } from './linear.ts';
import type { Source, Tracker } from './tracker.ts';

/** Every tracker that there is. */
export const trackers: readonly Tracker[] = [github, jira, linear, gitlab, asana, notion, servicenow];

/** Everybody who may send webhooks. */
export const sources: readonly Source[] = [...trackers, incidentIo];

export function trackerByName(name: string): Tracker | undefined {
  return trackers.find((tracker) => tracker.name === name);
}

/** The key of the task that incident.io's reference names; undefined where provider or permalink is unknown here. */
export function taskKeyOf(provider: string, permalink: string): TaskKey | undefined {
  return trackers.find(({ providers }) => providers.includes(provider))?.taskKey(permalink);
}
