import { z } from 'zod';
import { Table } from '../table.ts';
import type { Tables } from '../tables.ts';

/** What was told of a trouble, and to whom. Times are ms, by our clock. */

/** How far one destination was told. */
const noticePlace = z.object({
  /** The last that it was told of. */
  told: z.enum(['nothing', 'trouble', 'over']),
  /** How many attempts failed since, and when the next one is due. */
  tries: z.number(),
  nextAt: z.number(),
  /** Why the last one failed. */
  words: z.string().optional(),
});
export type NoticePlace = z.infer<typeof noticePlace>;

const troubleNotice = z.object({
  kind: z.string(),
  words: z.string(),
  /** When it was first seen. */
  since: z.number(),
  /** When a look first did not find it any more. */
  goneAt: z.number().optional(),
  /** It has been gone for long enough to be told as over. */
  over: z.boolean(),
  /** By what stands for the address of a destination. */
  places: z.record(z.string(), noticePlace),
});
export type TroubleNotice = z.infer<typeof troubleNotice>;

/** A trouble's id → who was told of it. */
export function troubleNotices(tables: Tables): Table<TroubleNotice> {
  return new Table(tables, 'told-troubles', troubleNotice);
}
