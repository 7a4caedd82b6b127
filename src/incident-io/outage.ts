import type { Logger } from 'pino';
import { z } from 'zod';
import { type Clock, MAX_CLOCK_SKEW } from '../clock.ts';
import { formatTime } from '../format-time.ts';
import type { CallReport } from '../metrics/counters.ts';
import type { Store } from '../store/store.ts';

/** So long, ms, incident.io has to fail before it is told as trouble: single calls fail all the time, and are repeated. */
const TOLD_AFTER = 60_000;
/** A failure that nobody repeated for so long, ms, is over, or its process is. */
const FORGOTTEN_AFTER = 5 * 60_000;
/** How often the same trouble is stored at most, ms. */
const STORED_EVERY = 5_000;

const TROUBLE = 'incident-io-trouble';

const trouble = z.object({
  /** The process that sees it: it alone says when it is over. */
  by: z.string(),
  /** Since when calls have failed, ms, and when the last one did. */
  since: z.number(),
  at: z.number(),
  /** `GET /v3/follow_ups` */
  route: z.string(),
  /** Absent: no answer came. */
  status: z.number().optional(),
});
export type ApiOutage = z.infer<typeof trouble>;

/** That incident.io gives no usable answer: for people, wherever they look. */
export function describeOutage({ since, route, status }: Omit<ApiOutage, 'by' | 'at'>): string {
  const last = `${route}: ${status === undefined ? 'no answer' : status}`;
  return `incident.io has given no usable answer since ${formatTime(since)} (last to ${last}): look at https://status.incident.io and at the network between. Nothing is lost, and what is due is done once it answers`;
}

/** What workers say of it now, by the store; `undefined`: nothing is wrong, as far as they know. */
export async function readOutage(store: Store, now: number): Promise<ApiOutage | undefined> {
  const text = await store.meta.get(TROUBLE);
  const known = text === undefined ? undefined : trouble.parse(JSON.parse(String(text)));
  return known !== undefined && isRecent(known.at, now) ? known : undefined;
}

function isRecent(at: number, now: number): boolean {
  return now - at < FORGOTTEN_AFTER && at - now <= MAX_CLOCK_SKEW;
}

/**
 * Whether incident.io answers this process: no answer and 5xx are failures, whatever else it says is an answer. By route,
 * since one part of it may be down alone.
 */
export class OutageWatch {
  private readonly deps: { store: Store; clock: Clock; log: Logger; by: string };
  private readonly failing = new Map<string, Omit<ApiOutage, 'by'>>();
  private storedAt = -Infinity;
  private reported = false;
  private timer: NodeJS.Timeout | undefined;
  /** Writes, in sequence: the last one has to win. */
  private storing: Promise<void> = Promise.resolve();

  constructor(deps: { store: Store; clock: Clock; log: Logger; by: string }) {
    this.deps = deps;
  }

  /** Called with every call to incident.io. */
  note({ method, route: path, status }: Pick<CallReport, 'method' | 'route' | 'status'>): void {
    const route = `${method} ${path}`;
    const now = this.deps.clock.now();
    if (status !== undefined && status < 500) this.failing.delete(route);
    else {
      const since = this.failing.get(route)?.since ?? now;
      this.failing.set(route, { since, at: now, route, ...(status !== undefined && { status }) });
      // Told in time, whenever the next call is made.
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.tell(this.deps.clock.now());
      }, TOLD_AFTER).unref();
    }
    this.tell(now);
  }

  /** What is wrong, in words; `undefined`: nothing has been for long enough. */
  words(): string | undefined {
    const worst = this.worst(this.deps.clock.now());
    return worst && describeOutage(worst);
  }

  private worst(now: number): Omit<ApiOutage, 'by'> | undefined {
    for (const [route, { at }] of this.failing) if (!isRecent(at, now)) this.failing.delete(route);
    const [oldest] = [...this.failing.values()].sort((a, b) => a.since - b.since);
    return oldest !== undefined && now - oldest.since >= TOLD_AFTER ? oldest : undefined;
  }

  private tell(now: number): void {
    const { log } = this.deps;
    const worst = this.worst(now);
    if (worst === undefined) {
      if (!this.reported) return;
      this.reported = false;
      this.storedAt = -Infinity;
      log.info('incident.io answers again');
      this.store((known) => (known?.by === this.deps.by ? undefined : known));
      return;
    }
    if (!this.reported) log.error(describeOutage(worst));
    this.reported = true;
    if (now - this.storedAt < STORED_EVERY) return;
    this.storedAt = now;
    const own = { ...worst, by: this.deps.by };
    // Of several processes, the one that has seen it for longest.
    this.store((known) =>
      known !== undefined && known.by !== own.by && isRecent(known.at, now) && known.since < own.since
        ? known
        : own,
    );
  }

  private store(change: (known: ApiOutage | undefined) => ApiOutage | undefined): void {
    const { store, log } = this.deps;
    const write = () =>
      store.meta.update([TROUBLE], (text) => {
        const next = change(text === undefined ? undefined : trouble.parse(JSON.parse(String(text))));
        return next && JSON.stringify(next);
      });
    this.storing = this.storing
      .then(write)
      .then(() => {})
      .catch((err: unknown) => log.debug({ err }, 'whether incident.io answers could not be stored'));
  }

  /** Resolves once what was seen is stored. */
  async stored(): Promise<void> {
    await this.storing;
  }
}
