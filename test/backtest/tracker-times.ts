import type { Happening } from '../../src/simulator/history.ts';
import type { TaskEvent, TaskKey } from '../../src/vocabulary.ts';

/** The tracker of a history: what it told when, and what its API shows of it in the end. */

const keyOf = (issue: string) => `github:github.com/${issue}`;

/** Follows the issues of a history, happening by happening. */
export class TrackerTimes {
  /** Where the issue of each follow-up is. */
  readonly #places = new Map<string, string>();
  readonly #former = new Map<string, string[]>();
  readonly #last = new Map<string, TaskEvent>();

  /** The webhook that tells of it, if one does. */
  heard(happening: Happening): TaskEvent | undefined {
    const { at, incident } = happening;
    if (happening.kind === 'added' && happening.issue !== undefined)
      this.#places.set(`${incident}/${happening.followUp}`, happening.issue);
    if (happening.kind === 'issue-moved') {
      const id = `${incident}/${happening.followUp}`;
      this.#places.set(id, happening.to);
      this.#former.set(happening.to, [happening.from]);
      const moved = this.#event(happening.to, at, { state: 'open', by: 'unknown' });
      this.#last.set(happening.to, { ...moved, occurredAt: undefined });
      return moved;
    }
    if (happening.kind !== 'issue') return undefined;
    const place = this.#places.get(`${incident}/${happening.followUp}`);
    if (place === undefined) throw new Error('an issue that nobody has');
    const { state, by } = happening;
    const before = this.#last.get(place);
    const event = this.#event(place, at, {
      ...{ state, by, actor: by === 'automation' ? 'stale[bot]' : 'octocat' },
      ...(state === 'open' && {
        reopened: true,
        // GitHub shows it, by a person as by a machine.
        ...(before?.state !== undefined && {
          closedBefore: { at: before.occurredAt ?? at, by: before.by === 'person' ? 'person' : 'unknown' },
        }),
      }),
    });
    this.#last.set(place, event);
    return event;
  }

  /** What the API shows of these tasks now (ms). */
  read(tasks: readonly TaskKey[], now: number): Map<TaskKey, TaskEvent> {
    const found = new Map<TaskKey, TaskEvent>();
    for (const task of tasks) {
      const place = task.replace('github:github.com/', '');
      const last = this.#last.get(place) ?? this.#event(place, now, { state: 'open', by: 'unknown' });
      found.set(task, { ...last, receivedAt: now, delivery: 'read-back' });
    }
    return found;
  }

  #event(place: string, at: number, over: Pick<TaskEvent, 'state' | 'by'> & Partial<TaskEvent>): TaskEvent {
    const aliases = (this.#former.get(place) ?? []).map(keyOf);
    return {
      ...{ tracker: 'github', task: keyOf(place), aliases, occurredAt: at, receivedAt: at },
      ...{ delivery: `delivery ${place} ${at}`, ...over },
    };
  }
}
