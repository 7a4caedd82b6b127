import { createHash } from 'node:crypto';
import { FORMAT } from '../format.ts';
import { isSecretTable, type SecretTable } from '../secret-tables.ts';
import type { Tables } from '../tables.ts';
import { ARCHIVE_FORMAT, type Header, sealedContext } from './lines.ts';
import type { Seal } from './seal.ts';

/** How many entries are read at once. */
const PAGE = 1_000;

export interface Written {
  tables: number;
  ranks: number;
  entries: number;
  secrets: Header['secrets'];
}

/**
 * Writes all that the tables hold, in pieces that end with a whole line. The values of secret tables are sealed, or left
 * out where there is no seal. Nothing may write to the tables meanwhile.
 */
export async function writeArchive(
  tables: Tables,
  write: (text: string) => Promise<void>,
  { release, at, seal }: { release: string; at: Date; seal?: Seal | undefined },
): Promise<Written> {
  const names = await tables.names();
  const secret = names.tables.filter(isSecretTable);
  const hash = createHash('sha256');
  const put = async (lines: readonly object[]) => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    hash.update(text);
    await write(text);
  };
  const secrets = secret.length === 0 ? 'none' : seal === undefined ? 'left out' : 'sealed';
  const header: Header = {
    incident_closer: 'export',
    format: ARCHIVE_FORMAT,
    store: FORMAT,
    release,
    at: at.toISOString(),
    secrets,
    ...(secrets === 'sealed' && { sealing: seal?.sealing }),
  };
  await put([header]);
  let entries = 0;
  for (const table of names.tables.sort()) {
    const isSecret = isSecretTable(table);
    if (isSecret && seal === undefined) continue;
    for await (const page of pagesOf(table, tables)) {
      await put(
        page.map(({ id, value }) =>
          isSecret && seal !== undefined
            ? { table, id, sealed: seal.seal(value, sealedContext({ table, id })) }
            : { table, id, value },
        ),
      );
      entries += page.length;
    }
  }
  for (const rank of names.ranks.sort())
    for await (const page of membersOf(rank, tables)) {
      await put(page.map(({ member, score }) => ({ rank, member, score: scoreText(score) })));
      entries += page.length;
    }
  await write(`${JSON.stringify({ end: entries, sha256: hash.digest('hex') })}\n`);
  return { tables: names.tables.length, ranks: names.ranks.length, entries, secrets };
}

/** The secret tables that hold anything. */
export async function secretsIn(tables: Tables): Promise<SecretTable[]> {
  return (await tables.names()).tables.filter(isSecretTable);
}

/** Every entry of a table, page by page; one may come twice. */
export async function* pagesOf(table: string, tables: Tables) {
  let cursor: string | undefined;
  do {
    const page = await tables.scan(table, cursor, PAGE);
    yield page.entries;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** Every member of a rank, page by page. */
export async function* membersOf(rank: string, tables: Pick<Tables, 'ranked'>) {
  let min = Number.NEGATIVE_INFINITY;
  let atMin = new Set<string>();
  for (let limit = PAGE; ; ) {
    const page = await tables.ranked(rank, { min, max: Number.POSITIVE_INFINITY, limit });
    const fresh = page.filter(({ member, score }) => score !== min || !atMin.has(member));
    yield fresh;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    // Members of the last score come first on the next page, which has to reach beyond them.
    if (last.score !== min) atMin = new Set();
    min = last.score;
    for (const { member, score } of page) if (score === min) atMin.add(member);
    limit = PAGE + atMin.size;
  }
}

function scoreText(score: number): number | string {
  return Number.isFinite(score) ? score : String(score);
}
