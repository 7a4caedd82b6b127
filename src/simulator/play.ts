import { type Clock, systemClock } from '../clock.ts';
import { type Happening, historyOf } from './history.ts';
import type { People } from './people.ts';

/** The stand-in's own names of what happenings number. */
export class PlayedIds {
  readonly incidents: string[] = [];
  readonly #followUps = new Map<string, string>();

  followUp({ incident, followUp }: { incident: number; followUp: number }): string {
    const id = this.#followUps.get(`${incident}/${followUp}`);
    if (id === undefined) throw new Error(`follow-up ${followUp} of incident ${incident} is not there yet`);
    return id;
  }

  incident(incident: number): string {
    const id = this.incidents[incident];
    if (id === undefined) throw new Error(`incident ${incident} is not there yet`);
    return id;
  }

  add(incident: number, followUp: number, id: string): void {
    this.#followUps.set(`${incident}/${followUp}`, id);
  }
}

/** A clock that can be in the past, and is the system's where it is not. */
export interface MovableClock extends Clock {
  time: number | undefined;
}

export function movableClock(): MovableClock {
  const clock: MovableClock = { time: undefined, now: () => clock.time ?? systemClock.now() };
  return clock;
}

/** Has so many incidents happen over the last `span` ms. `clock` is the stand-in's, and comes back to the present. */
export function playHistory(
  people: People,
  clock: MovableClock,
  { incidents, span, seed = 1 }: { incidents: number; span: number; seed?: number },
): void {
  const to = systemClock.now();
  const cast = new PlayedIds();
  for (const happening of historyOf({ seed, incidents, from: to - span, to })) {
    clock.time = happening.at;
    play(happening, people, cast);
  }
  clock.time = undefined;
}

/** Has it happen in incident.io; what happens in a tracker shows there only where a reference changes. */
export function play(happening: Happening, people: People, cast: PlayedIds): void {
  switch (happening.kind) {
    case 'declared': {
      const { name, isPrivate } = happening;
      const visibility = isPrivate ? 'private' : 'public';
      cast.incidents[happening.incident] = people.createIncident({ name, visibility, status: 'live' }).id;
      return;
    }
    case 'moved':
      people.moveIncident(cast.incident(happening.incident), happening.to);
      return;
    case 'added': {
      const { incident, followUp, title, issue, issueMadeAt } = happening;
      const reference = issue === undefined ? {} : { reference: referenceOf(issue) };
      const made = people.createFollowUp({
        incident: cast.incident(incident),
        title,
        issueMadeAt,
        ...reference,
      });
      cast.add(incident, followUp, made.id);
      return;
    }
    case 'set':
      people.setFollowUp(cast.followUp(happening), happening.to);
      return;
    case 'titled':
      people.editTitle(cast.followUp(happening), happening.title);
      return;
    case 'issue-moved':
      people.moveIssue(cast.followUp(happening), referenceOf(happening.to));
      return;
    case 'issue':
      return;
  }
}

function referenceOf(issue: string) {
  const permalink = `https://github.com/${issue.replace('#', '/issues/')}`;
  return { provider: 'github' as const, name: issue, permalink };
}
