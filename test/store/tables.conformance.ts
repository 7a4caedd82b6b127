import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Change, Tables } from '../../src/store/tables.ts';

/** A backend under test. */
export interface TablesRig {
  /** A client with a connection of its own. Clients of the same space see the same tables, others do not. */
  client(space: string): Promise<Tables>;
  /** Removes the spaces and closes all. */
  close(): Promise<void>;
}

/** What every implementation of Tables promises. */
export function tablesConformance(name: string, open: () => Promise<TablesRig>): void {
  describe(`tables in ${name}`, () => {
    let rig: TablesRig;
    let space: string;
    let tables: Tables;

    beforeAll(async () => {
      rig = await open();
    });
    afterAll(() => rig?.close());
    beforeEach(async () => {
      space = `test-${randomUUID()}`;
      tables = await rig.client(space);
    });

    const getOne = async (id: string, from = tables) => (await from.get('t', [id]))[0];

    describe('names', () => {
      const sorted = async (from = tables) => {
        const { tables: names, ranks } = await from.names();
        return { tables: names.sort(), ranks: ranks.sort() };
      };

      it('are those of what has an entry, each once, whatever they are made of', async () => {
        expect(await tables.names()).toEqual({ tables: [], ranks: [] });
        const odd = ['t', 'a:b', 'ä {x}*?[y]\\', '', '1'];
        await tables.put(odd.flatMap((table) => ['a', 'b'].map((id) => ({ table, id, value: '1' }))));
        for (const rank of odd) await tables.rank(rank, [{ member: 'm', score: 1 }]);
        await tables.rank('no table', [{ member: 'm', score: 1 }]);
        await tables.put([{ table: 'no rank', id: 'a', value: '1' }]);
        expect(await sorted(await rig.client(space))).toEqual({
          tables: [...odd, 'no rank'].sort(),
          ranks: [...odd, 'no table'].sort(),
        });
      });

      it('are not those of what was emptied, nor of other spaces whose name begins alike or fits as a pattern', async () => {
        for (const other of [`${space}-2`, space.replace('test', 'tost')])
          await (await rig.client(other)).put([{ table: 'theirs', id: 'a', value: '1' }]);
        await tables.put([{ table: 'gone', id: 'a', value: '1' }]);
        await tables.rank('gone', [{ member: 'm', score: 1 }]);
        await tables.put([{ table: 'gone', id: 'a', value: undefined }]);
        await tables.unrank('gone', ['m']);
        expect(await tables.names()).toEqual({ tables: [], ranks: [] });
      });
    });

    describe('get and put', () => {
      it('answers undefined for what is not there, and nothing for no ids', async () => {
        expect(await tables.get('t', ['a', 'b'])).toEqual([undefined, undefined]);
        expect(await tables.get('t', [])).toEqual([]);
      });

      it('answers in the order of the ids asked for, an id twice if asked twice', async () => {
        await tables.put(['c', 'a', 'b'].map((id) => ({ table: 't', id, value: id.toUpperCase() })));
        expect(await tables.get('t', ['b', 'x', 'a', 'c', 'b'])).toEqual(['B', undefined, 'A', 'C', 'B']);
      });

      it('replaces and removes', async () => {
        await tables.put([
          { table: 't', id: 'a', value: '1' },
          { table: 't', id: 'b', value: '1' },
        ]);
        await tables.put([
          { table: 't', id: 'a', value: '2' },
          { table: 't', id: 'b', value: undefined },
          { table: 't', id: 'never there', value: undefined },
        ]);
        expect(await tables.get('t', ['a', 'b', 'never there'])).toEqual(['2', undefined, undefined]);
      });

      it('does nothing for no changes', async () => {
        await tables.put([]);
        expect(await tables.swap([])).toEqual([]);
      });

      it('takes the last change of an id that comes several times in one put', async () => {
        await tables.put([
          { table: 't', id: 'a', value: '1' },
          { table: 't', id: 'b', value: '1' },
          { table: 't', id: 'a', value: '2' },
          { table: 't', id: 'b', value: undefined },
          { table: 't', id: 'c', value: undefined },
          { table: 't', id: 'c', value: '3' },
        ]);
        expect(await tables.get('t', ['a', 'b', 'c'])).toEqual(['2', undefined, '3']);
      });

      it('keeps tables apart, in one put too', async () => {
        await tables.put([
          { table: 't', id: 'a', value: 'of t' },
          { table: 'u', id: 'a', value: 'of u' },
        ]);
        await tables.put([{ table: 't', id: 'a', value: undefined }]);
        expect(await getOne('a')).toBeUndefined();
        expect(await tables.get('u', ['a'])).toEqual(['of u']);
      });

      it('tells an empty value from none', async () => {
        await tables.put([{ table: 't', id: 'a', value: '' }]);
        expect(await getOne('a')).toBe('');
        expect(await tables.swap([{ table: 't', id: 'a', expected: undefined, value: 'x' }])).toEqual([
          false,
        ]);
        expect(await tables.swap([{ table: 't', id: 'a', expected: '', value: 'x' }])).toEqual([true]);
      });

      it('takes batches of thousands', async () => {
        const ids = Array.from({ length: 5_000 }, (_, i) => `jira:acme.atlassian.net/PROJ-${i}`);
        const values = ids.map((id) => JSON.stringify({ state: 'done', id }));
        await tables.put(ids.map((id, i) => ({ table: 't', id, value: values[i] })));
        expect(await tables.get('t', ids)).toEqual(values);
        await tables.put(ids.map((id, i) => ({ table: 't', id, value: i % 2 ? 'odd' : undefined })));
        expect(await tables.get('t', ids)).toEqual(ids.map((_, i) => (i % 2 ? 'odd' : undefined)));
        const swaps = ids.map((id, i) => ({ table: 't', id, expected: 'odd', value: `${i}` }));
        expect(await tables.swap(swaps)).toEqual(ids.map((_, i) => i % 2 === 1));
      });

      it('keeps large batches whole while other clients are busy', async () => {
        const others = await Promise.all([rig.client(space), rig.client(space)]);
        const value = 'x'.repeat(10_000);
        const big = Array.from({ length: 500 }, (_, i) => ({ table: 't', id: `big-${i}`, value }));
        const ask = async (client: Tables, i: number) => {
          await client.put([{ table: 'small', id: `${i}`, value: `${i}` }]);
          return (await client.get('small', [`${i}`, 'none']))[0];
        };
        const [answers] = await Promise.all([
          Promise.all(Array.from({ length: 100 }, (_, i) => ask(others[i % 2] ?? tables, i))),
          tables.put(big),
          others[0].put(big),
        ]);
        expect(answers).toEqual(answers.map((_, i) => `${i}`));
        const read = await tables.get(
          't',
          big.map(({ id }) => id),
        );
        expect(read.every((found) => found === value)).toBe(true);
      });

      it('shows a put to others as a whole', async () => {
        const other = await rig.client(space);
        const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
        const all = (value: string): Change[] => ids.map((id) => ({ table: 't', id, value }));
        await tables.put(all('0'));
        const torn: unknown[] = [];
        const read = async () => {
          for (let i = 0; i < 30; i += 1) {
            const seen = await other.get('t', ids);
            if (new Set(seen).size !== 1) torn.push(seen);
            await turn();
          }
        };
        const write = async () => {
          for (let i = 1; i <= 30; i += 1) await tables.put(i % 2 ? all(`${i}`).reverse() : all(`${i}`));
        };
        await Promise.all([read(), write()]);
        expect(torn).toEqual([]);
        expect(new Set(await other.get('t', ids))).toEqual(new Set(['30']));
      });

      it('writes nothing of a put of which one part cannot be written', async () => {
        await tables.put([{ table: 't', id: 'a', value: 'before' }]);
        const refused = tables.put([
          { table: 't', id: 'a', value: 'after' },
          { table: 't', id: 'b', value: 'NUL \0' },
        ]);
        await expect(refused).rejects.toThrow(/NUL/);
        expect(await tables.get('t', ['a', 'b'])).toEqual(['before', undefined]);
      });

      it('lets puts of the same entries in opposite orders finish', async () => {
        const clients = await Promise.all([rig.client(space), rig.client(space), rig.client(space)]);
        const changes: Change[] = Array.from({ length: 50 }, (_, i) => ({
          table: 't',
          id: `${i}`,
          value: i % 3 ? 'x' : undefined,
        }));
        const swapped = changes.map(({ table, id, value }) => ({
          table,
          id,
          value: value ? undefined : 'x',
        }));
        await Promise.all(
          Array.from({ length: 30 }, (_, i) =>
            (clients[i % 3] ?? tables).put(i % 2 ? changes : swapped.toReversed()),
          ),
        );
        await tables.put(changes);
        expect(await tables.get('t', ['0', '1'])).toEqual([undefined, 'x']);
      });
    });

    describe('texts', () => {
      const texts = [
        'plain',
        '',
        ' spaces \t\r\n ',
        `quotes ' " \` \\ \\' $1 $$ {a,"b"} NULL null`,
        'é ü ß – 日本語 🔥 👩‍🚒 \u{10FFFF} \uFFFF',
        '\u0001\u007f\u200b\ufeff',
        '=', // a marker of an implementation must not be mistaken for a value
        '__proto__',
        'constructor',
        '%s %d ; drop table entries; --',
      ];

      it('keeps any text as id, table and value', async () => {
        for (const table of ['t', `o'dd "table" \\ 🔥`]) {
          await tables.put(texts.map((text) => ({ table, id: text, value: text })));
          expect(await tables.get(table, texts)).toEqual(texts);
          const swaps = texts.map((text) => ({ table, id: text, expected: text, value: `${text}!` }));
          expect(await tables.swap(swaps)).toEqual(texts.map(() => true));
          expect((await all(table)).map(({ value }) => value).sort()).toEqual(
            texts.map((text) => `${text}!`).sort(),
          );
        }
      });

      it('keeps any text in large batches', async () => {
        const many = Array.from({ length: 3_000 }, (_, i) => `${i} ${texts[i % texts.length]}`);
        await tables.put(many.map((text) => ({ table: 't', id: text, value: text })));
        expect(await tables.get('t', many)).toEqual(many);
      });

      it('keeps any text as member of a rank', async () => {
        await tables.rank(
          `o'dd "rank" \\`,
          texts.map((member, score) => ({ member, score })),
        );
        const found = await tables.ranked(`o'dd "rank" \\`, { min: 0, max: 100, limit: 100 });
        expect(found.map(({ member }) => member)).toEqual(texts);
      });

      it('keeps long ids and long values', async () => {
        const id = Array.from({ length: 27 }, () => randomUUID()).join('/');
        const value = 'ü'.repeat(500_000);
        await tables.put([{ table: 't', id, value }]);
        expect(await getOne(id)).toBe(value);
        expect(await tables.swap([{ table: 't', id, expected: value, value: 'short' }])).toEqual([true]);
      });

      it('refuses NUL in words', async () => {
        await expect(tables.get('t', ['\0'])).rejects.toThrow(/NUL/);
        await expect(tables.put([{ table: 't', id: '\0', value: 'a' }])).rejects.toThrow(/NUL/);
        const swap = tables.swap([{ table: 't', id: 'a', expected: undefined, value: '\0' }]);
        await expect(swap).rejects.toThrow(/NUL/);
        await expect(tables.rank('r', [{ member: '\0', score: 1 }])).rejects.toThrow(/NUL/);
      });
    });

    describe('swap', () => {
      it('writes where the entry has the value expected, and says which were written', async () => {
        await tables.put([
          { table: 't', id: 'a', value: '1' },
          { table: 'u', id: 'b', value: '1' },
          { table: 't', id: 'c', value: '1' },
        ]);
        const written = await tables.swap([
          { table: 't', id: 'c', expected: '1', value: undefined },
          { table: 't', id: 'new', expected: undefined, value: '1' },
          { table: 't', id: 'a', expected: '0', value: '2' },
          { table: 'u', id: 'b', expected: '1', value: '2' },
          { table: 't', id: 'none', expected: '1', value: '2' },
          { table: 'u', id: 'b2', expected: '1', value: undefined },
        ]);
        expect(written).toEqual([true, true, false, true, false, false]);
        expect(await tables.get('t', ['a', 'c', 'new', 'none'])).toEqual(['1', undefined, '1', undefined]);
        expect(await tables.get('u', ['b'])).toEqual(['2']);
      });

      it('removes an entry only if it still has the value expected', async () => {
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        expect(await tables.swap([{ table: 't', id: 'a', expected: '2', value: undefined }])).toEqual([
          false,
        ]);
        expect(await tables.swap([{ table: 't', id: 'a', expected: '1', value: undefined }])).toEqual([true]);
        expect(await tables.swap([{ table: 't', id: 'a', expected: '1', value: undefined }])).toEqual([
          false,
        ]);
        expect(await getOne('a')).toBeUndefined();
      });

      it('can ask that an entry is still absent', async () => {
        const absent = { table: 't', id: 'a', expected: undefined, value: undefined };
        expect(await tables.swap([absent])).toEqual([true]);
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        expect(await tables.swap([absent])).toEqual([false]);
      });

      it('lets a change see those before it in the same call', async () => {
        const id = { table: 't', id: 'a' };
        const again = { ...id, expected: '2', value: '3' };
        const written = await tables.swap([
          { ...id, expected: undefined, value: '1' },
          { ...id, expected: undefined, value: 'x' },
          { table: 't', id: 'b', expected: undefined, value: 'b' },
          { ...id, expected: '1', value: '2' },
          again,
          again,
          { ...id, expected: '3', value: undefined },
          { ...id, expected: undefined, value: '4' },
        ]);
        expect(written).toEqual([true, false, true, true, true, false, true, true]);
        expect(await tables.get('t', ['a', 'b'])).toEqual(['4', 'b']);
      });

      it('of fifty writers that expect the same value one wins', async () => {
        const clients = await Promise.all([tables, rig.client(space), rig.client(space)]);
        let standing: string | undefined;
        for (let round = 0; round < 10; round += 1) {
          const expected = standing;
          const won = await Promise.all(
            Array.from({ length: 50 }, async (_, i) => {
              const value = `${round}-${i}`;
              const client = clients[i % clients.length] ?? tables;
              const [written] = await client.swap([{ table: 't', id: 'a', expected, value }]);
              return written ? [value] : [];
            }),
          );
          expect(won.flat()).toHaveLength(1);
          standing = won.flat()[0];
          expect(await getOne('a')).toBe(standing);
        }
      });

      it('of fifty that remove the same entry one did', async () => {
        const clients = await Promise.all([tables, rig.client(space)]);
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        const removed = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            (clients[i % 2] ?? tables).swap([{ table: 't', id: 'a', expected: '1', value: undefined }]),
          ),
        );
        expect(removed.flat().filter(Boolean)).toHaveLength(1);
      });

      it('loses no step of counters that many count up at once', async () => {
        const clients = await Promise.all([tables, rig.client(space), rig.client(space)]);
        const ids = ['a', 'b'];
        const countUp = async (client: Tables, reversed: boolean) => {
          let open = reversed ? ids.toReversed() : ids;
          while (open.length > 0) {
            const values = await client.get('t', open);
            const written = await client.swap(
              open.map((id, i) => ({
                table: 't',
                id,
                expected: values[i],
                value: `${Number(values[i] ?? 0) + 1}`,
              })),
            );
            open = open.filter((_, i) => !written[i]);
          }
        };
        await Promise.all(
          Array.from({ length: 12 }, async (_, i) => {
            for (let k = 0; k < 5; k += 1) await countUp(clients[i % clients.length] ?? tables, i % 2 === 1);
          }),
        );
        expect(await tables.get('t', ids)).toEqual(['60', '60']);
      });
    });

    /** All pages of a scan, as they came. */
    const all = async (table: string, limit = 1_000, meanwhile = async (_page: number) => {}) => {
      const found: { id: string; value: string }[] = [];
      let cursor: string | undefined;
      let page = 0;
      do {
        const answer = await tables.scan(table, cursor, limit);
        found.push(...answer.entries);
        cursor = answer.next;
        await meanwhile(page);
        page += 1;
      } while (cursor !== undefined);
      return found;
    };

    describe('scan', () => {
      it('ends at once for a table without entries', async () => {
        expect(await tables.scan('t', undefined, 10)).toEqual({ entries: [] });
      });

      it('gives every entry of its table, whatever the size of the pages', async () => {
        const ids = ['', ...Array.from({ length: 300 }, (_, i) => `id-${i}`), '日本', '🔥', '\uFFFF'];
        await tables.put(ids.map((id) => ({ table: 't', id, value: `of ${id}` })));
        await tables.put([{ table: 'u', id: 'other', value: 'other' }]);
        for (const limit of [1, 7, ids.length, 1_000]) {
          const found = new Map((await all('t', limit)).map(({ id, value }) => [id, value]));
          expect(found).toEqual(new Map(ids.map((id) => [id, `of ${id}`])));
        }
      });

      it('gives every entry that stays, while others come, change and go', async () => {
        const ids = Array.from({ length: 2_000 }, (_, i) => `${randomUUID()}-${i}`);
        await tables.put(ids.map((id) => ({ table: 't', id, value: '0' })));
        const leaving = ids.filter((_, i) => i % 4 === 0);
        const staying = ids.filter((_, i) => i % 4 !== 0);
        const found = await all('t', 100, async (page) => {
          if (page > 100) return;
          const changed = staying.slice(page * 50, page * 50 + 50);
          await tables.put([
            ...leaving.splice(0, 50).map((id) => ({ table: 't', id, value: undefined })),
            ...changed.map((id) => ({ table: 't', id, value: '1' })),
            ...Array.from({ length: 80 }, (_, i) => ({
              table: 't',
              id: `${randomUUID()}-${i}`,
              value: 'new',
            })),
          ]);
        });
        const seen = new Set(found.map(({ id }) => id));
        expect(staying.filter((id) => !seen.has(id))).toEqual([]);
      });
    });

    describe('ranks', () => {
      const members = async (range: Parameters<Tables['ranked']>[1], rank = 'r') =>
        (await tables.ranked(rank, range)).map(({ member }) => member);
      const everything = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, limit: 100 };

      it('is empty before anything was ranked', async () => {
        expect(await tables.ranked('r', everything)).toEqual([]);
        expect(await tables.rankSize('r')).toBe(0);
        await tables.rank('r', []);
        await tables.unrank('r', []);
        await tables.unrank('r', ['a']);
      });

      it('answers by score, within bounds that count themselves', async () => {
        await tables.rank('r', [
          { member: 'c', score: 3 },
          { member: 'a', score: 1 },
          { member: 'd', score: 4 },
          { member: 'b', score: 2 },
        ]);
        await tables.rank('other', [{ member: 'x', score: 2 }]);
        expect(await tables.ranked('r', { min: 2, max: 3, limit: 10 })).toEqual([
          { member: 'b', score: 2 },
          { member: 'c', score: 3 },
        ]);
        expect(await members({ min: 2, max: 3, limit: 10, newestFirst: true })).toEqual(['c', 'b']);
        expect(await members({ ...everything, limit: 3 })).toEqual(['a', 'b', 'c']);
        expect(await members({ ...everything, limit: 3, newestFirst: true })).toEqual(['d', 'c', 'b']);
        expect(await members({ min: 3, max: Number.POSITIVE_INFINITY, limit: 10 })).toEqual(['c', 'd']);
        expect(await members({ min: Number.NEGATIVE_INFINITY, max: 1, limit: 10 })).toEqual(['a']);
        expect(await members({ min: 3, max: 2, limit: 10 })).toEqual([]);
        expect(await members({ ...everything, limit: 0 })).toEqual([]);
        expect(await tables.rankSize('r')).toBe(4);
      });

      it('moves a member that is ranked again; of a member twice the last counts', async () => {
        await tables.rank('r', [
          { member: 'a', score: 1 },
          { member: 'b', score: 2 },
        ]);
        await tables.rank('r', [
          { member: 'a', score: 9 },
          { member: 'a', score: 3 },
        ]);
        expect(await tables.ranked('r', everything)).toEqual([
          { member: 'b', score: 2 },
          { member: 'a', score: 3 },
        ]);
        expect(await tables.rankSize('r')).toBe(2);
      });

      it('forgets what is unranked', async () => {
        await tables.rank('r', [
          { member: 'a', score: 1 },
          { member: 'b', score: 2 },
          { member: 'c', score: 3 },
        ]);
        await tables.unrank('r', ['a', 'c', 'never there']);
        expect(await members(everything)).toEqual(['b']);
        expect(await tables.rankSize('r')).toBe(1);
      });

      it('orders members of one score by their bytes, both ways', async () => {
        const inOrder = ['', 'A', 'B', 'a', 'ab', 'b', 'é', '\uFFFF', '🔥'];
        await tables.rank(
          'r',
          inOrder.toReversed().map((member) => ({ member, score: 7 })),
        );
        expect(await members(everything)).toEqual(inOrder);
        expect(await members({ ...everything, newestFirst: true })).toEqual(inOrder.toReversed());
      });

      it('keeps scores exactly', async () => {
        const scores = [
          Number.NEGATIVE_INFINITY,
          -1.5,
          0,
          0.1 + 0.2,
          1_764_000_000_123.25,
          Number.MAX_SAFE_INTEGER,
          1e21,
          Number.POSITIVE_INFINITY,
        ];
        await tables.rank(
          'r',
          scores.map((score) => ({ member: `m${score}`, score })),
        );
        expect((await tables.ranked('r', everything)).map(({ score }) => score)).toEqual(scores);
      });

      it('refuses a score that is not a number, and ranks nothing of the call', async () => {
        const refused = tables.rank('r', [
          { member: 'a', score: 1 },
          { member: 'b', score: Number.NaN },
        ]);
        await expect(refused).rejects.toThrow(/not a number/);
        expect(await tables.rankSize('r')).toBe(0);
      });

      it('takes batches of thousands', async () => {
        const entries = Array.from({ length: 5_000 }, (_, i) => ({ member: `member-${i}`, score: i }));
        await tables.rank('r', entries);
        expect(await tables.rankSize('r')).toBe(5_000);
        expect(await tables.ranked('r', { ...everything, limit: 5_000 })).toEqual(entries);
        await tables.unrank(
          'r',
          entries.slice(1).map(({ member }) => member),
        );
        expect(await members(everything)).toEqual(['member-0']);
      });

      it('has names of its own: a rank and a table of one name are two things', async () => {
        await tables.put([{ table: 'same', id: 'a', value: '1' }]);
        await tables.rank('same', [{ member: 'a', score: 1 }]);
        expect(await tables.get('same', ['a'])).toEqual(['1']);
        expect(await tables.rankSize('same')).toBe(1);
      });
    });

    describe('clients', () => {
      it('see what others wrote', async () => {
        const other = await rig.client(space);
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        await tables.rank('r', [{ member: 'm', score: 1 }]);
        expect(await getOne('a', other)).toBe('1');
        expect(await other.rankSize('r')).toBe(1);
        expect(await other.swap([{ table: 't', id: 'a', expected: '1', value: '2' }])).toEqual([true]);
        expect(await getOne('a')).toBe('2');
      });

      it('of different spaces see nothing of each other', async () => {
        const stranger = await rig.client(`${space}2`);
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        await tables.rank('r', [{ member: 'm', score: 1 }]);
        await stranger.put([{ table: 't', id: 'b', value: '2' }]);
        expect(await stranger.get('t', ['a', 'b'])).toEqual([undefined, '2']);
        expect(await stranger.rankSize('r')).toBe(0);
        expect((await stranger.scan('t', undefined, 10)).entries).toEqual([{ id: 'b', value: '2' }]);
        expect(await getOne('b')).toBeUndefined();
      });

      it('can open a fresh space at the same moment', async () => {
        const fresh = `${space}3`;
        const opened = await Promise.all(Array.from({ length: 8 }, () => rig.client(fresh)));
        await Promise.all(opened.map((client, i) => client.put([{ table: 't', id: `${i}`, value: `${i}` }])));
        const ids = opened.map((_, i) => `${i}`);
        for (const client of opened) expect(await client.get('t', ids)).toEqual(ids);
      });

      it('go on after one of them closed its tables', async () => {
        const other = await rig.client(space);
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        await tables.close();
        expect(await getOne('a', other)).toBe('1');
      });
    });

    it('tells the time in ms, near to ours and never going back', async () => {
      const other = await rig.client(space);
      const times: number[] = [];
      const before = Date.now();
      for (let i = 0; i < 10; i += 1) times.push(await tables.time(), await other.time());
      const after = Date.now();
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      // The servers run on this machine, or on one whose clock is not far off.
      expect(times.every((time) => Number.isInteger(time))).toBe(true);
      expect(Math.min(...times)).toBeGreaterThan(before - 5_000);
      expect(Math.max(...times)).toBeLessThan(after + 5_000);
    });
  });
}
