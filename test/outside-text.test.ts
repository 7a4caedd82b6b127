import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, keepableKey, wellFormed, withoutSlashes } from '../src/outside-text.ts';
import { sources, taskKeyOf, trackerByName } from '../src/trackers/index.ts';
import { translated } from '../src/trackers/translation.ts';
import { samples } from './trackers/all-samples.ts';
import { defaultsOf, delivery } from './trackers/samples.ts';

/** Any UTF-16 code units, halves of pairs and NUL among them. */
const anyText = fc
  .array(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0xd83d, 0xde00, 0x61)))
  .map((units) => String.fromCharCode(...units));
const isKeepable = (text: string) => Buffer.from(text).toString() === text && !text.includes('\0');

describe('text from outside', () => {
  it('can always be kept: it is well-formed, without NUL, and as short as wanted', () => {
    fc.assert(
      fc.property(anyText, fc.nat(50), (text, most) => {
        expect(isKeepable(wellFormed(text))).toBe(true);
        const cut = bounded(text, most);
        expect(isKeepable(cut)).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(most);
        expect(bounded(cut, most)).toBe(cut);
      }),
    );
  });

  it('is left as it is where it is fit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const fit = text.replaceAll('\0', '');
        expect(wellFormed(fit)).toBe(fit);
        expect(bounded(fit, fit.length)).toBe(fit);
      }),
    );
    expect(bounded('ab😀', 3)).toBe('ab');
    expect(bounded('ab😀', 4)).toBe('ab😀');
  });

  it('a key that is too long becomes a short one, the same in a webhook and in a link', () => {
    const url = `https://gitlab.com/${'group/'.repeat(200)}api/-/issues/12`;
    const key = taskKeyOf('gitlab', url) ?? '';
    expect(Buffer.byteLength(key)).toBeLessThan(1_000);
    const task = trackerByName('gitlab')?.taskKey(url) ?? '';
    expect(Buffer.byteLength(task)).toBeGreaterThan(1_000);
    const event = { tracker: 'gitlab', task, aliases: [], state: 'done', by: 'person' } as const;
    const told = translated({ tasks: [{ ...event, aliases: [task], delivery: 'd', receivedAt: 0 }] });
    expect(told).toMatchObject({ tasks: [{ task: key, aliases: [key] }] });
    expect(keepableKey('github:github.com/acme/api#12')).toBe('github:github.com/acme/api#12');
  });

  it('has as many labels as a tracker lets a task have: the one that says why it was closed may be the last', () => {
    const labels = Array.from({ length: 120 }, (_, n) => `label-${n}`);
    const event = { tracker: 'github', task: 'github:github.com/acme/api#12', aliases: [], delivery: 'd' };
    const closing = { ...event, state: 'done', by: 'unknown', machineLabels: labels, receivedAt: 0 } as const;
    expect(translated({ tasks: [closing] })).toMatchObject({
      tasks: [{ machineLabels: labels.slice(0, 100) }],
    });
  });

  it('loses the slashes at its end, however many there are', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', 'a') }), (text) => {
        expect(withoutSlashes(text)).toBe(text.replace(/\/+$/, ''));
      }),
    );
  });
});

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The value once for each text in it, with that text changed. */
function* changedTexts(value: Json, change: (text: string) => string): Generator<Json> {
  if (typeof value === 'string') yield change(value);
  else if (Array.isArray(value))
    for (const [at, entry] of value.entries())
      for (const changed of changedTexts(entry, change)) yield value.with(at, changed);
  else if (typeof value === 'object' && value !== null)
    for (const [name, entry] of Object.entries(value))
      for (const changed of changedTexts(entry, change)) yield { ...value, [name]: changed };
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const entry of Object.values(value)) yield* textsIn(entry);
}

describe.each(sources.filter(({ name }) => samples[name] !== undefined))('what $name tells', (source) => {
  const of = samples[source.name];
  if (of === undefined) throw new Error('no samples');

  it.each([
    ['half a pair at the end', (text: string) => `${text}\ud83d`],
    [
      'half a pair at the bound',
      (text: string) => `${text}${'x'.repeat(Math.max(0, 99 - text.length))}😀`.slice(0, 120),
    ],
    ['NUL', (text: string) => `${text}\0`],
    ['a hundred thousand letters', (text: string) => text + 'x'.repeat(100_000)],
  ])('can be kept with %s in any of its texts', (_, change) => {
    for (const { payload } of [...of.events, ...(of.hints ?? [])])
      for (const changed of changedTexts(JSON.parse(JSON.stringify(payload)), change)) {
        const told = source.translate(delivery(of, changed, of.secret ?? 's'), defaultsOf(source));
        for (const text of textsIn(told)) {
          expect(isKeepable(text)).toBe(true);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_000);
        }
      }
  });
});
