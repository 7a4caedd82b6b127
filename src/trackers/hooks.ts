/**
 * How to check a tracker's webhooks through its API, since most disable or delete them after failures without notice.
 * What cannot be checked is unknown, never healthy.
 */
import type { TaskKey } from '../vocabulary.ts';
import { type ApiAccess, TrackerBusyError } from './read-back.ts';

/** A webhook that leads to us. */
export interface Hook {
  /** The tracker's own id of it. */
  id: string;
  /** Where it is, for people: `the repository acme/api`. */
  place: string;
  /** `failing`: it is still active, or will be again, but its last delivery was not accepted. */
  state: 'on' | 'failing' | 'off';
  /** What it is for, if a place has several; a recreated one has another id, and is for the same. */
  of?: string;
  /** What is wrong, and what to do; absent if it is on. */
  words?: string;
}

export interface HookCheck {
  hooks: readonly Hook[];
  /** The places whose webhooks were all listed, as far as they are visible to the token. */
  shown: readonly string[];
  /** What could not be checked, each with the reason. */
  hidden: readonly { place: string; why: string }[];
}

export interface HookApi {
  /** What the token needs for it besides reading tasks, for people. */
  needs: string;
  /**
   * The webhooks of the places where these tasks are, as far as they lead to us. Throws if nothing could be checked:
   * `TrackerBusyError` for a rate limit, any other error otherwise.
   */
  check(tasks: readonly TaskKey[], access: ApiAccess, isOurs: (url: string) => boolean): Promise<HookCheck>;
}

/** One place that has webhooks of its own. */
export interface HookPlace {
  place: string;
  /** Its webhooks that lead to us, or why they are not visible. */
  check(): Promise<readonly Omit<Hook, 'place'>[] | string>;
}

/** Checks place after place. A problem with one, except a rate limit, is reported for it alone. */
export async function checkPlaces(places: readonly HookPlace[]): Promise<HookCheck> {
  const hooks: Hook[] = [];
  const shown: string[] = [];
  const hidden: { place: string; why: string }[] = [];
  for (const { place, check } of places)
    try {
      const found = await check();
      if (typeof found === 'string') hidden.push({ place, why: found });
      else {
        shown.push(place);
        hooks.push(...found.map((hook) => ({ ...hook, place })));
      }
    } catch (error) {
      if (error instanceof TrackerBusyError) throw error;
      hidden.push({ place, why: error instanceof Error ? error.message : String(error) });
    }
  return { hooks, shown, hidden };
}

/** The `most` most frequent values: a check costs a call for each. */
export function mostOften(values: Iterable<string>, most: number): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([value]) => value);
}

/** Of places and of what is above them (organizations, groups): who is served from above needs none of their own. */
export function mergeChecks(own: HookCheck, above: HookCheck): HookCheck {
  const hooks = [...own.hooks, ...above.hooks];
  const hidden = [...(above.hooks.length > 0 ? [] : own.hidden), ...(hooks.length > 0 ? [] : above.hidden)];
  return { hooks, shown: [...own.shown, ...above.shown], hidden };
}
