/** Translates payloads of the samples of a tracker, signed as it signs them. */
import { trackerByName } from '../../src/trackers/index.ts';
import type { TrackerOptions } from '../../src/trackers/options.ts';
import type { Translation } from '../../src/trackers/translation.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { samples } from './all-samples.ts';
import { defaultsOf, delivery } from './samples.ts';

export function translate(tracker: string, payload: unknown, options: TrackerOptions = {}): Translation {
  const found = trackerByName(tracker);
  const of = samples[tracker];
  if (found === undefined || of === undefined) throw new Error(`there is no tracker ${tracker}`);
  return found.translate(delivery(of, payload, of.secret ?? 's'), { ...defaultsOf(found), ...options });
}

/** The one task event that a payload tells. */
export function told(tracker: string, payload: unknown, options?: TrackerOptions): TaskEvent {
  const translation = translate(tracker, payload, options);
  const [event] = translation.kind === 'events' ? translation.tasks : [];
  if (event === undefined) throw new Error(`it tells of no task: ${JSON.stringify(translation)}`);
  return event;
}

export function taskKey(tracker: string, permalink: string): string | undefined {
  return trackerByName(tracker)?.taskKey(permalink);
}
