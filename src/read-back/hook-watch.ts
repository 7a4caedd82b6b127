import type { Logger } from 'pino';
import { type Clock, isOver } from '../clock.ts';
import type { Http } from '../http.ts';
import { withoutSlashes } from '../outside-text.ts';
import type { TrackerAccess } from '../settings/settings.ts';
import { webhooksTaken } from '../store/process-notes.ts';
import type { Store } from '../store/store.ts';
import type { SeenHooks } from '../store/tracker-records.ts';
import type { HookCheck } from '../trackers/hooks.ts';
import type { TrackerOptions } from '../trackers/options.ts';
import type { Tracker } from '../trackers/tracker.ts';
import type { TaskKey } from '../vocabulary.ts';
import { describeHook, lastSeen, UNSEEN_FOR } from './hook-status.ts';
import { trackerOf } from './reader.ts';
import { restrictedSend } from './restricted-send.ts';
import { honoringRetryAfter } from './retry-after.ts';
import { tokenDigest } from './token-digest.ts';

export interface HookWatchOptions {
  trackers: readonly Tracker[];
  /** By the tracker's name. */
  access: Readonly<Record<string, TrackerAccess>>;
  options: Readonly<Record<string, TrackerOptions>>;
  /** The sources whose webhooks this process accepts; those of the store's other processes count as well. */
  taken: readonly string[];
  /** Where trackers reach the service, if it was told: else any address with the path of a route of ours is taken for ours. */
  publicUrl?: string;
  http: Http;
  store: Store;
  clock: Clock;
  log: Logger;
}

/** The interval of regular checks, ms, and the time limit for one tracker. */
const EVERY = 3_600_000;
const WITHIN = 60_000;
/** How long a webhook that is gone is reported, ms: that may have been intended. */
const GONE_FOR = 7 * 24 * 3_600_000;

/** Checks the webhooks of trackers through their APIs, and stores what it saw. */
export interface HookWatch {
  /** Checks all that can be checked, unless that was done within the hour. */
  checkIfDue(signal?: AbortSignal): Promise<void>;
  /** The current state, by the tracker's name. A missing tracker has no token, or no API that shows webhooks. */
  check(signal?: AbortSignal): Promise<Map<string, SeenHooks>>;
}

export function createHookWatch(deps: HookWatchOptions): HookWatch {
  const { trackers, access, taken, publicUrl = '', store, clock, log } = deps;
  const visible = trackers.filter(({ name, hooks }) => hooks !== undefined && access[name] !== undefined);
  const digests = new Map<string, Promise<string>>();
  // Under another public address other webhooks are ours: those seen before are not gone, as with another token.
  const digestOf = (name: string): Promise<string> => {
    const digest =
      digests.get(name) ?? tokenDigest(`${name} ${publicUrl}`.trimEnd(), access[name]?.token ?? '');
    digests.set(name, digest);
    return digest;
  };
  // Receivers and workers may have settings of their own, and only workers need tokens.
  const checkable = async (): Promise<Tracker[]> => {
    if (visible.length === 0) return [];
    const all = new Set([...taken, ...((await webhooksTaken(store, clock.now())) ?? [])]);
    return visible.filter(({ name }) => all.has(name));
  };

  const check = async (signal?: AbortSignal): Promise<Map<string, SeenHooks>> => {
    const seen = new Map<string, SeenHooks>();
    const checked = await checkable();
    if (checked.length === 0) return seen;
    const tasks = await linkedTasks(store);
    for (const tracker of checked) {
      const found = await checkTracker(tracker, tasks.get(tracker.name) ?? [], deps, signal);
      if (signal?.aborted) break;
      const by = await digestOf(tracker.name);
      let before: SeenHooks | undefined;
      const kept = await store.hooks.update([tracker.name], (current) => {
        before = current;
        return seenAfter(current, found, { now: clock.now(), by });
      });
      const now = kept.get(tracker.name);
      if (now === undefined) continue;
      seen.set(tracker.name, now);
      for (const words of news(tracker, before, now)) log.warn({ tracker: tracker.name }, words);
    }
    return seen;
  };

  return {
    check,
    async checkIfDue(signal) {
      const checked = await checkable();
      const last = await store.hooks.getMany(checked.map(({ name }) => name));
      const now = clock.now();
      const isDue = ({ name }: Tracker) => {
        const at = last.get(name)?.at ?? -Infinity;
        return at > now || now - at >= EVERY;
      };
      if (checked.some(isDue)) await check(signal);
    },
  };
}

/** A tracker's webhooks as it shows them now. Never throws: a failure becomes a place that is hidden. */
async function checkTracker(
  { name, title, hooks, readBack }: Tracker,
  tasks: readonly TaskKey[],
  { access, options, publicUrl, http, clock }: HookWatchOptions,
  signal?: AbortSignal,
): Promise<HookCheck> {
  const given = access[name];
  if (hooks === undefined || given === undefined) return { hooks: [], shown: [], hidden: [] };
  const late = AbortSignal.timeout(WITHIN);
  const stop = signal === undefined ? late : AbortSignal.any([signal, late]);
  try {
    const { send } = honoringRetryAfter(restrictedSend(http, readBack ?? {}, given.urls, stop), clock, stop);
    const own = { ...given, options: options[name] ?? {}, now: clock.now(), send };
    return await hooks.check(tasks, own, (url) => leadsTo(name, url, publicUrl));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      hooks: [],
      shown: [],
      hidden: [{ place: title, why: why.replaceAll(given.token, '(token)') }],
    };
  }
}

/** Whether an address is that of our route: under the public address, or whatever precedes it where none is set. */
function leadsTo(source: string, url: string, publicUrl: string | undefined): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, pathname } = new URL(url);
  const path = withoutSlashes(pathname);
  if (publicUrl === undefined) return path.endsWith(`/webhooks/${source}`);
  return `${origin}${path}` === `${withoutSlashes(new URL(publicUrl).href)}/webhooks/${source}`;
}

/** The state after a check with a token (`by`: its digest), including what was seen before it and is gone now. */
export function seenAfter(
  before: SeenHooks | undefined,
  check: HookCheck,
  { now, by }: { now: number; by: string },
): SeenHooks {
  const earlier = before?.hooks ?? [];
  const same = (a: { id: string; place: string }, b: { id: string; place: string }) =>
    a.id === b.id && a.place === b.place;
  const seen = check.hooks.map((hook) => {
    const known = earlier.find((one) => same(one, hook));
    return { ...hook, since: known?.state === hook.state ? known.since : now, seenAt: now, by };
  });
  const missing = earlier.flatMap((hook): SeenHooks['hooks'] => {
    if (check.hooks.some((one) => same(one, hook))) return [];
    const seenAt = before === undefined ? now : lastSeen(hook, before);
    // What was not visible now is kept as it was known, for a while.
    const kept = isOver(seenAt, UNSEEN_FOR, now) ? [] : [{ ...hook, seenAt }];
    if (!check.shown.includes(hook.place)) return kept;
    if (check.hooks.some((one) => one.place === hook.place && one.of === hook.of)) return [];
    // Another token may not be shown what the one before it was, as where each sees only its own.
    if (hook.by !== by) return kept;
    const since = hook.state === 'gone' ? hook.since : now;
    return isOver(since, GONE_FOR, now) ? [] : [{ ...hook, state: 'gone', since, seenAt: now, words: GONE }];
  });
  return { at: now, hooks: [...seen, ...missing], hidden: [...check.hidden] };
}

const GONE =
  'it was there and is not any more: some trackers delete a webhook that fails for long. Make a new one; if it was removed on purpose, this is forgotten after 7 days';

function news({ title }: Tracker, before: SeenHooks | undefined, now: SeenHooks): string[] {
  return now.hooks.flatMap((hook) => {
    const known = before?.hooks.some(
      (one) => one.id === hook.id && one.place === hook.place && one.state === hook.state,
    );
    return hook.state === 'on' || lastSeen(hook, now) !== now.at || known
      ? []
      : [`${title}: ${describeHook(hook)}`];
  });
}

/** The tasks that follow-ups refer to, by their tracker. */
async function linkedTasks(store: Store): Promise<Map<string, TaskKey[]>> {
  const tasks = new Map<string, TaskKey[]>();
  for await (const page of store.links.all())
    for (const { id } of page) {
      const name = trackerOf(id);
      const known = tasks.get(name);
      if (known === undefined) tasks.set(name, [id]);
      else known.push(id);
    }
  return tasks;
}
