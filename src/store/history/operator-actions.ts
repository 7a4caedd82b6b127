import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Table } from '../table.ts';
import type { Change, Tables } from '../tables.ts';
import { forgetRanked } from './forget-ranked.ts';
import { operator } from './operator.ts';

/** What an operator did. Times are in ms. */
export const operatorAction = z.object({
  action: z.enum(['hold', 'release', 'retry', 'backlog']),
  at: z.number(),
  by: operator,
  /** The full id of the incident; absent where it was about none, or about several. */
  incident: z.string().optional(),
  /** The reason that was given. */
  why: z.string().optional(),
  /** How many failed jobs were retried, or incidents of the backlog set free. */
  count: z.number().optional(),
  /** The failed job that was retried, if it was one. */
  job: z.string().optional(),
});
export type OperatorAction = z.infer<typeof operatorAction>;

/** Their rank, by time. */
const ACTIONS = 'operator-actions';
/** How many are kept: the oldest go first. */
const MOST = 10_000;
const FORGOTTEN_AT_ONCE = 500;

/** The record of what operators did, and who it was: kept for `keep` ms. */
export class OperatorActions {
  private readonly tables: Tables;
  private readonly keep: number;
  readonly table;

  constructor(tables: Tables, keep: number) {
    this.tables = tables;
    this.keep = keep;
    this.table = new Table(tables, 'operator-actions', operatorAction);
  }

  /** The write that records an action, to be made together with the action itself: both happen, or neither. */
  async change(action: OperatorAction): Promise<Change> {
    const id = randomUUID();
    // Ranked first: a rank without its entry shows nothing, an entry without its rank would never be forgotten.
    await this.tables.rank(ACTIONS, [{ member: id, score: action.at }]);
    return this.table.change(id, action);
  }

  async record(action: OperatorAction): Promise<void> {
    await this.tables.put([await this.change(action)]);
  }

  /** Newest first; `all`: how many there are. */
  async newest(limit: number, now: number): Promise<{ actions: OperatorAction[]; all: number }> {
    const range = { min: now - this.keep, max: Infinity, limit, newestFirst: true };
    const [ranked, all] = await Promise.all([
      this.tables.ranked(ACTIONS, range),
      this.tables.rankSize(ACTIONS),
    ]);
    const found = await this.table.getMany(ranked.map(({ member }) => member));
    return { actions: ranked.flatMap(({ member }) => found.get(member) ?? []), all };
  }

  /** Forgets those that are too old, and the oldest of too many; some hundreds at most. */
  async forgetOld(now: number, most = MOST): Promise<number> {
    const { tables, table } = this;
    const keep = { since: now - this.keep, most, atOnce: FORGOTTEN_AT_ONCE };
    return forgetRanked({ tables, rank: ACTIONS, table }, keep);
  }
}
