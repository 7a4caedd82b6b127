import type { SeenTrackers } from '../../operations/seen-trackers.ts';
import { readSettings, SettingsError } from '../../settings/settings.ts';
import { printLines } from '../../terminal.ts';
import type { Tracker } from '../../trackers/tracker.ts';
import type { Prompt } from '../prompt.ts';

/** A tracker whose webhooks can be made by its API, and the places in it that follow-ups are in. */
export interface ConnectOffer {
  tracker: Tracker;
  places: readonly string[];
}

export function offersFor(
  trackers: readonly Tracker[],
  { places }: Pick<SeenTrackers, 'places'>,
): ConnectOffer[] {
  return trackers.flatMap((tracker) =>
    tracker.connecting === undefined ? [] : [{ tracker, places: places.get(tracker.name) ?? [] }],
  );
}

/** The address at which trackers reach the service; undefined if the person does not know it yet. */
export async function askPublicUrl(prompt: Prompt): Promise<string | undefined> {
  for (;;) {
    const given = await prompt.text(
      'Where trackers reach the service from outside, as https://closer.example.com (-: not known yet)',
      { flag: 'PUBLIC_URL', default: '-' },
    );
    if (given === '-') return undefined;
    try {
      return readSettings({ PUBLIC_URL: given }).publicUrl;
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      printLines(...error.problems);
    }
  }
}

/** Those whose webhooks the person wants to have made now. */
export async function wished(offers: readonly ConnectOffer[], prompt: Prompt): Promise<ConnectOffer[]> {
  const chosen: ConnectOffer[] = [];
  for (const offer of offers) {
    const { tracker, places } = offer;
    if (places.length === 0) continue;
    const question = `Make the webhook in ${tracker.title} now (${places.join(', ')})? It takes an administrator's token, which is kept nowhere.`;
    if (await prompt.yes(question, false)) chosen.push(offer);
  }
  return chosen;
}

/** `connect github acme/api`, as a person types it. */
export function commandFor({ tracker: { name, connecting }, places }: ConnectOffer): string {
  if (places.length === 0) return `connect ${name} …   # ${connecting?.places ?? 'a place'}`;
  return `connect ${name} ${places.map((place) => (/^[\w./:-]+$/.test(place) ? place : `'${place}'`)).join(' ')}`;
}
