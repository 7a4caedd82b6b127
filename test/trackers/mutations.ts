import fc from 'fast-check';

type Json = unknown;

/** Payloads of `base` in which one to three values were replaced, removed or given another type. */
export function mutated(base: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const change = fc.record({ at: fc.nat(), to: fc.oneof(odd, fc.jsonValue(), fc.constant(undefined)) });
  return fc
    .tuple(base, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([payload, changes]) => changes.reduce((value, { at, to }) => replaced(value, at, to), payload));
}

const odd = fc.constantFrom<Json[]>(
  null,
  '',
  0,
  -1,
  [],
  {},
  true,
  'closed',
  'not a date',
  '9999-99-99T00:00:00Z',
  'https://',
  'https://github.com/../../issues/1',
  '\u0000',
  '\ud800',
  'x'.repeat(10_000),
);

/** A copy in which the value at a place, counted through the whole tree, is `to`. */
function replaced(value: Json, at: number, to: Json): Json {
  const size = count(value);
  let index = at % size;
  const walk = (node: Json): Json => {
    if (index-- === 0) return to;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, walk(child)]));
  };
  return walk(value);
}

function count(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + count(child), 1);
}
