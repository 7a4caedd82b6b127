import { createHash } from 'node:crypto';
import { parsedJson } from '../../json.ts';
import { FORMAT } from '../format.ts';
import {
  ARCHIVE_FORMAT,
  type ArchiveEntry,
  archiveHeader,
  type Header,
  line,
  type Member,
  sealedContext,
} from './lines.ts';
import { type Seal, SealError } from './seal.ts';

/** How many entries are handed on at once. */
const BATCH = 500;

/** A file that is no export, or not all of one, or of a newer release. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

export interface Batch {
  entries: ArchiveEntry[];
  members: Member[];
}

/** The lines of a file, without their ends; each call begins anew. */
export type Lines = () => AsyncIterable<string>;

export async function readHeader(lines: Lines): Promise<Header> {
  for await (const text of lines()) return headerOf(text);
  throw new ArchiveError('It is empty.');
}

/**
 * Reads a file, and hands on what it holds in batches. `seal`: opens the values of secret tables; without it they are
 * passed over. Throws an `ArchiveError` at its end, too, if it is not all that was written: read it once before acting on it.
 */
export async function readArchive(
  lines: Lines,
  take: (batch: Batch) => Promise<void>,
  seal?: Seal,
): Promise<{ header: Header; entries: number }> {
  const hash = createHash('sha256');
  let head: Header | undefined;
  let ended = false;
  let entries = 0;
  let n = 0;
  let batch: Batch = { entries: [], members: [] };
  for await (const text of lines()) {
    n += 1;
    if (head === undefined) head = headerOf(text);
    else {
      if (ended) throw new ArchiveError(`Something follows its last line, in line ${n}.`);
      const { data } = line.safeParse(parsedJson(text));
      if (data === undefined) throw new ArchiveError(`It was cut off or changed: line ${n} cannot be read.`);
      if ('end' in data) {
        if (data.end !== entries || data.sha256 !== hash.digest('hex'))
          throw new ArchiveError('It was changed, or is not whole: its last line tells of something else.');
        ended = true;
        continue;
      }
      entries += 1;
      if ('rank' in data) batch.members.push(data);
      else if ('value' in data) batch.entries.push(data);
      else if (seal !== undefined) batch.entries.push(opened(data, seal, n));
    }
    hash.update(`${text}\n`);
    if (batch.entries.length + batch.members.length < BATCH) continue;
    await take(batch);
    batch = { entries: [], members: [] };
  }
  if (head === undefined) throw new ArchiveError('It is empty.');
  if (!ended) throw new ArchiveError('It was cut off: its last line is missing.');
  await take(batch);
  return { header: head, entries };
}

function headerOf(text: string): Header {
  const given = parsedJson(text);
  const { data } = archiveHeader.safeParse(given);
  const known = archiveHeader
    .pick({ incident_closer: true, format: true, release: true })
    .safeParse(given).data;
  if (known === undefined) throw new ArchiveError('It is no export of incident-closer.');
  if (known.format > ARCHIVE_FORMAT || (data !== undefined && data.store > FORMAT))
    throw new ArchiveError(
      `A newer release of incident-closer wrote it (${known.release}): import it with that release.`,
    );
  if (data === undefined) throw new ArchiveError('Its first line was changed.');
  return data;
}

function opened(
  { table, id, sealed }: { table: string; id: string; sealed: string },
  seal: Seal,
  n: number,
): ArchiveEntry {
  try {
    return { table, id, value: seal.open(sealed, sealedContext({ table, id })) };
  } catch (error) {
    if (error instanceof SealError)
      throw new ArchiveError(`The secret in line ${n} was changed, so that it cannot be opened.`);
    throw error;
  }
}
