import type { TaskKey } from '../vocabulary.ts';
import { github } from './github.ts';
import type { Tracker } from './tracker.ts';

/** Every tracker that there is. */
export const trackers: readonly Tracker[] = [github];

export function trackerByName(name: string): Tracker | undefined {
  return trackers.find((tracker) => tracker.name === name);
}

/** The key of the task that incident.io's reference names; undefined where provider or permalink is unknown here. */
export function taskKeyOf(provider: string, permalink: string): TaskKey | undefined {
  return trackers.find(({ providers }) => providers.includes(provider))?.taskKey(permalink);
}
