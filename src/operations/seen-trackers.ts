import type { IncidentIoReader } from '../incident-io/api.ts';
import { mostOften } from '../trackers/hooks.ts';
import { taskKeyOf, trackers } from '../trackers/index.ts';

const MOST_PLACES = 5;

/** Where the issues of follow-ups are. */
export interface SeenTrackers {
  /** How many follow-ups have an issue there, by the tracker's name, most first. */
  counts: Map<string, number>;
  /** Where there, by the tracker's name, as `connect` calls it, those with most follow-ups first. */
  places: Map<string, string[]>;
  /** Those with an issue elsewhere, and those with none. */
  elsewhere: number;
  without: number;
  /** Not all were read. */
  isPart: boolean;
}

/** Counts the trackers of the follow-ups that there are, of `most` of them at most. */
export async function seenTrackers(reader: IncidentIoReader, most: number): Promise<SeenTrackers> {
  const counts = new Map<string, number>();
  const places = new Map<string, string[]>();
  const seen = { elsewhere: 0, without: 0, isPart: false };
  let read = 0;
  for await (const page of reader.followUps()) {
    for (const { reference } of page) {
      const key = reference && taskKeyOf(reference.provider, reference.permalink);
      const tracker = trackers.find(({ name }) => key?.startsWith(`${name}:`));
      if (tracker !== undefined) {
        const { name, connecting } = tracker;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        const place = connecting?.placeIn(reference?.permalink ?? '');
        if (place !== undefined) places.set(name, [...(places.get(name) ?? []), place]);
      } else if (reference !== undefined) seen.elsewhere++;
      else seen.without++;
    }
    read += page.length;
    if (read >= most) {
      seen.isPart = true;
      break;
    }
  }
  const often = [...places].map(([name, all]) => [name, mostOften(all, MOST_PLACES)] as const);
  return { ...seen, places: new Map(often), counts: new Map([...counts].sort(([, a], [, b]) => b - a)) };
}
