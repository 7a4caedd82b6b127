import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IncidentList } from '../../../src/board/list/list.ts';
import { matcher, search } from '../../../src/board/list/search.ts';
import { permalinkOf } from '../../support/github.ts';
import { type MemoryWorld, openMemoryWorld } from '../../support/memory-world.ts';

describe('the search of the board', () => {
  let world: MemoryWorld;
  let open: Awaited<ReturnType<MemoryWorld['incident']>>;
  let gone: Awaited<ReturnType<MemoryWorld['incident']>>;
  beforeEach(async () => {
    world = await openMemoryWorld();
    open = await world.incident(['acme/api#12'], { name: 'Checkout was down' });
    gone = await world.incident(['acme/web#7'], { name: 'Search was slow' });
    await world.sync();
    await world.reviewed();
    world.incidentIo.moveIncident(gone.id, 'closed');
    await world.swept();
    await world.reviewed();
  });
  afterEach(() => world.close());

  const deps = (ofPrivate: 'all' | 'references' = 'all') => ({
    list: new IncidentList(),
    context: world.context,
    ofPrivate,
  });
  const found = async (question: string) => {
    const { open, others } = await search(question, deps());
    return { open, others: others.map(({ id }) => id) };
  };
  const digits = (reference: string) => reference.replace(/\D/g, '');

  it('finds an open incident by reference in any case, number, word of the name, and task: key, name or link', async () => {
    const { id, reference } = open;
    for (const question of [
      ...[
        reference,
        reference.toLowerCase(),
        ` ${reference} `,
        digits(reference),
        'checkout',
        'down Checkout',
      ],
      ...['github:github.com/acme/api#12', 'acme/api#12', permalinkOf('acme/api#12')],
    ])
      expect(await found(question), question).toEqual({ open: [id], others: [] });
  });

  it('finds one that is not open just so, with the truth about it', async () => {
    const { id, reference } = gone;
    for (const question of [
      ...[reference.toLowerCase(), digits(reference), 'slow', 'github:github.com/acme/web#7'],
      permalinkOf('acme/web#7'),
    ])
      expect(await found(question), question).toEqual({ open: [], others: [id] });
    const { others } = await search(reference, deps());
    expect(others).toMatchObject([{ words: 'it was not open any more when incident.io was last asked' }]);
    // That of before the closing would be untrue.
    expect(others[0]).not.toHaveProperty('status');
  });

  it('tells of private incidents nothing but that there is such a reference, if asked for no more', async () => {
    const hidden = await world.incident(['acme/secret#1'], { name: 'A raid', visibility: 'private' });
    await world.sync();
    await world.reviewed();
    for (const question of ['raid', 'acme/secret#1', 'github:github.com/acme/secret#1'])
      expect(await search(question, deps('references')), question).toEqual({ open: [], others: [], more: 0 });
    expect((await search(hidden.reference, deps('references'))).open).toEqual([hidden.id]);
    expect((await search('raid', deps())).open).toEqual([hidden.id]);
    expect((await search('checkout', deps('references'))).open).toEqual([open.id]);
  });

  it('finds nothing for what nobody knows', async () => {
    for (const question of ['INC-99999', 'https://example.com/nothing', 'no such words', ' ', 'a\0b'])
      expect(await found(question), question).toEqual({ open: [], others: [] });
  });

  it('takes a number for that of an incident, and not for a part of another one', () => {
    expect(matcher('5')('INC-5', '')).toBe(true);
    expect(matcher('5')('INC-50', 'acme/api#5')).toBe(false);
    expect(matcher('500')('INC-1', 'It answered 500 for hours')).toBe(true);
    expect(matcher('inc-5')('INC-50', 'see inc-5')).toBe(false);
    expect(matcher('ops-12')('INC-1', 'OPS-120 OPS-12')).toBe(true);
    expect(matcher('ops-12')('INC-1', 'OPS-120 OPS-121')).toBe(false);
    expect(matcher('https://example.com/issues/1')('INC-1', 'https://example.com/issues/12')).toBe(false);
    expect(matcher('ops-')('INC-1', 'OPS-120')).toBe(true);
  });
});
