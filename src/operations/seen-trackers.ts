import type { IncidentIoReader } from '../incident-io/api.ts';
import { taskKeyOf, trackers } from '../trackers/index.ts';

/** Where the issues of follow-ups are. */
export interface SeenTrackers {
  /** How many follow-ups have an issue there, by the tracker's name, most first. */
  counts: Map<string, number>;
  /** Those with an issue elsewhere, and those with none. */
  elsewhere: number;
  without: number;
  /** Not all were read. */
  isPart: boolean;
}

/** Counts the trackers of the follow-ups that there are, of `most` of them at most. */
export async function seenTrackers(reader: IncidentIoReader, most: number): Promise<SeenTrackers> {
  const counts = new Map<string, number>();
  const seen = { elsewhere: 0, without: 0, isPart: false };
  let read = 0;
  for await (const page of reader.followUps()) {
    for (const { reference } of page) {
      const key = reference && taskKeyOf(reference.provider, reference.permalink);
      const tracker = trackers.find(({ name }) => key?.startsWith(`${name}:`))?.name;
      if (tracker !== undefined) counts.set(tracker, (counts.get(tracker) ?? 0) + 1);
      else if (reference !== undefined) seen.elsewhere++;
      else seen.without++;
    }
    read += page.length;
    if (read >= most) {
      seen.isPart = true;
      break;
    }
  }
  return { ...seen, counts: new Map([...counts].sort(([, a], [, b]) => b - a)) };
}
