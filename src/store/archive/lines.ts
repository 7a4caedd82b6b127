import { z } from 'zod';
import { sealing } from './seal.ts';

/**
 * The file of an export: one JSON object a line. The first is the header; then every entry of every table and rank; the
 * last tells how many there are, and the SHA-256 of all bytes before it, so that a file that was cut off is noticed.
 */
export const ARCHIVE_FORMAT = 1;

export const archiveHeader = z.object({
  incident_closer: z.literal('export'),
  /** Raised where an older release would read the file wrongly. */
  format: z.int(),
  /** Of the entries: `FORMAT` of the store. */
  store: z.int(),
  /** The release that wrote it. */
  release: z.string(),
  at: z.iso.datetime(),
  /** What became of the values of secret tables. */
  secrets: z.enum(['none', 'sealed', 'left out']),
  sealing: sealing.optional(),
});
export type Header = z.infer<typeof archiveHeader>;

/** JSON has no infinite numbers. */
const score = z.union([z.number(), z.enum(['Infinity', '-Infinity'])]).transform(Number);

const entry = z.object({ table: z.string(), id: z.string(), value: z.string() });
const sealedEntry = z.object({ table: z.string(), id: z.string(), sealed: z.base64() });
const member = z.object({ rank: z.string(), member: z.string(), score });
const end = z.object({ end: z.int().min(0), sha256: z.string() });

export const line = z.union([entry, sealedEntry, member, end]);

export interface ArchiveEntry {
  table: string;
  id: string;
  value: string;
}

export interface Member {
  rank: string;
  member: string;
  score: number;
}

/** What a sealed value is bound to. */
export function sealedContext({ table, id }: { table: string; id: string }): string {
  return JSON.stringify([table, id]);
}
