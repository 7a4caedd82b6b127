import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Lines, readArchive, readHeader } from '../../src/store/archive/read.ts';
import { restore } from '../../src/store/archive/restore.ts';
import { newSeal, openSeal, type Seal } from '../../src/store/archive/seal.ts';
import { splitLines } from '../../src/store/archive/split-lines.ts';
import { writeArchive } from '../../src/store/archive/write.ts';
import { isUnfinished, refuseUnusable } from '../../src/store/format.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { isSecretTable } from '../../src/store/secret-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { T0 } from '../support/make.ts';

const SECRET = 'canary-of-a-handshake';

/** More than one page, members of one score beyond a page, odd names and values. */
async function filled(): Promise<Tables> {
  const tables = createMemoryTables();
  await tables.put([
    ...Array.from({ length: 2_500 }, (_, n) => ({ table: 'tasks', id: `t${n}`, value: `${n}` })),
    { table: 'of a later release', id: 'ä\n"\u2028', value: 'no JSON: \r\n \ud83d' },
    { table: '', id: '', value: '' },
    { table: 'webhook-secrets', id: 'asana', value: JSON.stringify({ secrets: [SECRET] }) },
  ]);
  await tables.rank('owed', [
    ...Array.from({ length: 2_500 }, (_, n) => ({ member: `m${n}`, score: 7 })),
    ...Array.from({ length: 1_500 }, (_, n) => ({ member: `k${n}`, score: n / 3 })),
    { member: 'first', score: -Infinity },
    { member: 'last', score: Infinity },
  ]);
  return tables;
}

async function exported(tables: Tables, seal?: Seal): Promise<string> {
  let text = '';
  await writeArchive(
    tables,
    async (more) => {
      text += more;
    },
    {
      ...{ release: '1.2.3', at: new Date(T0) },
      seal,
    },
  );
  return text;
}

const linesOf = (text: string): Lines =>
  async function* () {
    // In pieces that end anywhere.
    const bytes = Buffer.from(text);
    yield* splitLines(
      Readable.from(
        (function* () {
          for (let at = 0; at < bytes.length; at += 4_097) yield bytes.subarray(at, at + 4_097);
        })(),
      ),
    );
  };

/** All of it, in an order of its own. */
async function contents(tables: Tables): Promise<unknown> {
  const names = await tables.names();
  const all = { min: -Infinity, max: Infinity, limit: 100_000 };
  return {
    tables: await Promise.all(
      names.tables
        .sort()
        .map(async (table) => [table, (await tables.scan(table, undefined, 100_000)).entries]),
    ),
    ranks: await Promise.all(names.ranks.sort().map(async (rank) => [rank, await tables.ranked(rank, all)])),
  };
}

const read = (text: string, seal?: Seal) => readArchive(linesOf(text), async () => {}, seal);

describe('an export', () => {
  it('holds every entry of every table and rank, also of those that this release does not know', async () => {
    const tables = await filled();
    const seal = await newSeal('a long passphrase');
    const text = await exported(tables, seal);
    const { sealing } = await readHeader(linesOf(text));
    if (sealing === undefined) throw new Error('nothing is sealed');
    const store = new Store(createMemoryTables());
    const again = await openSeal(sealing, 'a long passphrase');
    const entries = await restore(store, linesOf(text), T0, again);
    expect(entries).toBe(2_503 + 4_002);
    expect(await contents(store.tables)).toEqual(await contents(tables));
  });

  it('shows no secret, opens for no other passphrase, and lets no sealed value be put elsewhere', async () => {
    const seal = await newSeal('a long passphrase');
    const text = await exported(await filled(), seal);
    expect(text).not.toContain(SECRET);
    await expect(openSeal(seal.sealing, 'another passphrase')).rejects.toThrow('cannot be opened');
    const elsewhere = text.replace('"id":"asana"', '"id":"notion"');
    await expect(read(elsewhere, seal)).rejects.toThrow('cannot be opened');
  });

  it('leaves secrets out without a passphrase, and says so in its first line', async () => {
    const text = await exported(await filled());
    expect(text).not.toContain(SECRET);
    expect(await readHeader(linesOf(text))).toMatchObject({ secrets: 'left out', release: '1.2.3' });
    expect(text).not.toContain('webhook-secrets');
  });

  it('is refused where it was cut off anywhere, changed, continued, or written by a newer release', async () => {
    const tables = createMemoryTables();
    await tables.put([
      { table: 't', id: 'a', value: '1' },
      { table: 't', id: 'b', value: '2' },
    ]);
    await tables.rank('r', [{ member: 'm', score: 1 }]);
    const text = await exported(tables);
    await expect(read(text)).resolves.toMatchObject({ entries: 3 });
    for (let length = 0; length < text.length - 1; length += 1)
      await expect(read(text.slice(0, length)), `${length} bytes`).rejects.toThrow(
        /cut off|empty|no export|changed|not whole/,
      );
    await expect(read(text.replace('"value":"1"', '"value":"3"'))).rejects.toThrow('changed');
    await expect(read(`${text}${text}`)).rejects.toThrow('follows its last line');
    await expect(read(text.replace('"format":1', '"format":2'))).rejects.toThrow('newer release');
    await expect(read(text.replace('"store":1', '"store":2'))).rejects.toThrow('newer release');
    await expect(read('{"id":1}\n')).rejects.toThrow('no export');
  });

  it('that fails half-way leaves a store that nothing uses, and begins anew the next time', async () => {
    const text = await exported(await filled());
    const tables = createMemoryTables();
    let puts = 0;
    const failing = new Store({
      ...tables,
      async put(changes) {
        puts += 1;
        if (puts > 4) throw new Error('the disk is full');
        await tables.put(changes);
      },
    });
    await expect(restore(failing, linesOf(text), T0)).rejects.toThrow('disk is full');
    const store = new Store(tables);
    await expect(refuseUnusable(store)).rejects.toThrow('Run `incident-closer import` again');
    await tables.put([{ table: 'left', id: 'over', value: '1' }]);
    await tables.rank('left', [{ member: 'over', score: 1 }]);
    await restore(store, linesOf(text), T0);
    expect(await isUnfinished(store)).toBe(false);
    const whole = new Store(createMemoryTables());
    await restore(whole, linesOf(text), T0);
    expect(await contents(tables)).toEqual(await contents(whole.tables));
  });
});

it('a table that is named after a secret is one that an export seals', () => {
  const src = join(import.meta.dirname, '../../src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join(src, file), 'utf8').matchAll(
        /new Table\(\s*\S+\s*'([^']+)'|const TABLE\b.* = '([^']+)'/g,
      ),
    ])
    .map(([, first, second]) => first ?? second ?? '');
  expect(names.length).toBeGreaterThan(30);
  const telling = names.filter((name) => /secret|key|token|password|credential/.test(name));
  expect(telling.sort()).toEqual(['proof-key', 'webhook-secrets']);
  expect(telling.every(isSecretTable)).toBe(true);
});
