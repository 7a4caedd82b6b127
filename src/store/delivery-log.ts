import {
  type DeliveryRecord,
  deliveryRecord,
  type RefusedSum,
  type SignedOutcome,
  type SourceStatus,
  signedOutcomes,
  sourceStatus,
  type TakenRecord,
  takenRecord,
} from './delivery-records.ts';
import { Recent } from './recent.ts';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

/** The newest of each outcome are remembered, for a week. */
export const REMEMBERED = { most: 1_000, age: 7 * 24 * 3_600_000 };
/** A delivery may be taken more than once: again by its sender, or after a crash. */
const TAKEN = { ...REMEMBERED, most: 5 * REMEMBERED.most };
/** How many refused deliveries of a sum are shown, and how many webhooks of a source are told apart. */
export const SHOWN_OF_SUM = 10;
const MOST_HOOKS = 50;
/** The source under which addresses are kept that name no tracker. */
export const NO_TRACKER = '?';

/** What is remembered of deliveries. */
export class DeliveryLog {
  readonly taken: Recent<TakenRecord>;
  /** By the name of the source. */
  readonly standings: Table<SourceStatus>;
  readonly #signed: ReadonlyMap<SignedOutcome, Recent<DeliveryRecord>>;

  constructor(tables: Tables) {
    this.taken = new Recent(tables, 'taken-deliveries', takenRecord, TAKEN);
    this.standings = new Table(tables, 'delivery-standings', sourceStatus);
    this.#signed = new Map(
      signedOutcomes.map((outcome) => [
        outcome,
        new Recent(tables, `deliveries-${outcome}`, deliveryRecord, REMEMBERED),
      ]),
    );
  }

  /** Adds deliveries of one outcome. */
  async add(outcome: SignedOutcome, records: readonly DeliveryRecord[]): Promise<void> {
    await this.#signed.get(outcome)?.add(records);
  }

  /** The newest `limit` of these outcomes together, the newest first. */
  async newest(
    outcomes: readonly SignedOutcome[],
    limit: number,
    now: number,
    fits?: (record: DeliveryRecord) => boolean,
  ): Promise<DeliveryRecord[]> {
    const each = await Promise.all(
      outcomes.map(async (outcome) => (await this.#signed.get(outcome)?.newest(limit, now, { fits })) ?? []),
    );
    return each
      .flat()
      .sort((a, b) => b.at - a.at)
      .slice(0, limit);
  }

  /** Adds what happened to what is known of the sources. */
  async stand(changes: ReadonlyMap<string, SourceStatus>, now: number): Promise<void> {
    await this.standings.update(changes.keys(), (current, source) => {
      const change = changes.get(source);
      return change === undefined ? current : recentOf(merged(current, change), now);
    });
  }

  /** Where sources stand, without what is older than is remembered. */
  async standingOf(sources: readonly string[], now: number): Promise<Map<string, SourceStatus>> {
    const found = await this.standings.getMany(sources);
    return new Map([...found].map(([source, one]) => [source, recentOf(one, now)]));
  }

  /** Changes what is remembered of deliveries one by one; returns how many were changed. */
  async change(change: (record: DeliveryRecord) => DeliveryRecord): Promise<number> {
    let changed = 0;
    for (const recent of this.#signed.values()) changed += await recent.change(change);
    return changed;
  }

  async forget(now: number): Promise<void> {
    for (const recent of [...this.#signed.values(), this.taken]) await recent.forget(now);
  }
}

const newer = (one: number | undefined, other: number | undefined) =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);

/** Two parts of what is known of one source. */
export function merged(one: SourceStatus | undefined, other: SourceStatus): SourceStatus {
  if (one === undefined) return other;
  const hooks = new Map<string, number>();
  for (const { hook, at } of [...one.hooks, ...other.hooks])
    hooks.set(hook, newer(hooks.get(hook), at) ?? at);
  const sums = new Map<string, RefusedSum>();
  for (const sum of [...one.refused, ...other.refused]) {
    const before = sums.get(sum.reason);
    sums.set(sum.reason, before === undefined ? sum : mergedSum(before, sum));
  }
  return {
    signedAt: newer(one.signedAt, other.signedAt),
    hooks: [...hooks]
      .map(([hook, at]) => ({ hook, at }))
      .sort((a, b) => b.at - a.at)
      .slice(0, MOST_HOOKS),
    refused: [...sums.values()],
  };
}

function mergedSum(one: RefusedSum, other: RefusedSum): RefusedSum {
  return {
    reason: one.reason,
    count: one.count + other.count,
    first: Math.min(one.first, other.first),
    last: Math.max(one.last, other.last),
    newest: [...one.newest, ...other.newest].sort((a, b) => b.at - a.at).slice(0, SHOWN_OF_SUM),
  };
}

function recentOf({ signedAt, hooks, refused }: SourceStatus, now: number): SourceStatus {
  const since = now - REMEMBERED.age;
  return {
    signedAt,
    hooks,
    refused: refused.flatMap(({ newest, ...sum }) =>
      sum.last < since ? [] : [{ ...sum, newest: newest.filter(({ at }) => at >= since) }],
    ),
  };
}
