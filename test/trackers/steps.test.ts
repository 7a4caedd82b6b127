import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadText } from '../../src/announcements/text.ts';
import { isAnnouncement } from '../../src/incident-io/announcement-marker.ts';
import { bounded, wellFormed, withoutSlashes } from '../../src/outside-text.ts';
import { isLike } from '../../src/policy/rule.ts';
import { printable, printableLines } from '../../src/terminal.ts';
import { isCloserOfIdle, isIdleLabel, isMachine } from '../../src/trackers/automation.ts';
import { header, millis } from '../../src/trackers/body.ts';
import { asMarkdown } from '../../src/trackers/comment.ts';
import { isDeclinedLabel, isDeclinedName } from '../../src/trackers/declined-names.ts';
import { taskKeyOf, trackers } from '../../src/trackers/index.ts';
import { carriesSecret, SECRET_HEADER } from '../../src/trackers/secret-header.ts';
import { hasValidSignature } from '../../src/trackers/standard-webhooks.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { countingSteps } from '../support/regexp-steps.ts';
import { samples } from './all-samples.ts';
import { defaultsOf } from './samples.ts';

/**
 * What others write costs as much as it is long. Steps are counted, not seconds: those of regular expressions, which are
 * what grows with the square of a text or worse.
 */
const LONG = 100_000;
/** A sender's headers are 16 KiB together at most. */
const HEADERS = 16 * 1024;
/** For each character that is read, by all expressions together. */
const STEPS = 500;

/** What expressions begin with, repeat or end with. */
const unit = fc.constantFrom(
  ...'/ -.@[](){}<>:#%*_`&?=+|\\"\',;0aA\n\r\t\0é',
  '\ud800',
  '\u2028',
  '\u{1f512}',
  ...[
    'ab',
    'a ',
    'a-',
    'a.',
    'a/',
    'a@',
    '//',
    '/a',
    '%2F',
    '..',
    './',
    '--',
    '- ',
    ' -',
    '](',
    '![',
    '**',
    '&amp;',
  ],
  ...[
    'www.',
    'https://',
    'http://a/',
    'GH-',
    'GH-1 ',
    '#1 ',
    'a#1',
    'deadbeef',
    '<!--',
    '-->',
    '[bot]',
    'bot',
    'stale',
  ],
);
const end = fc.constantFrom('', 'x', '!', '\n', '/', ' ', '-', '#1', '?x', '.');
const worst = (length: number) =>
  fc
    .tuple(fc.array(unit, { minLength: 1, maxLength: 2 }), end)
    .map(
      ([units, last]) => units.map((one) => one.repeat(length / units.length / one.length)).join('') + last,
    );

/** Fails where `read` takes more steps than the text is long, times `STEPS`. */
function isQuick(length: number, read: () => unknown): void {
  expect(countingSteps(STEPS * length, () => void read())).toBeLessThan(STEPS * length);
}

const readers: readonly (readonly [string, (text: string) => unknown])[] = [
  ['withoutSlashes', withoutSlashes],
  ['wellFormed', wellFormed],
  ['bounded', (text) => bounded(text, 200)],
  ['printable', printable],
  ['printableLines', printableLines],
  ['deadText', deadText],
  ['asMarkdown', (text) => asMarkdown({ text, url: 'https://app.incident.io/1' })],
  ['isAnnouncement', isAnnouncement],
  ['isMachine', isMachine],
  ['isCloserOfIdle', isCloserOfIdle],
  ['isIdleLabel', isIdleLabel],
  ['isDeclinedName', (text) => isDeclinedName(text)],
  ['isDeclinedLabel', (text) => isDeclinedLabel(text)],
  ['millis', millis],
  ['a pattern of accounts', (text) => isLike('*a*a*a*b', text)],
  ['taskKeyOf', (text) => taskKeyOf('github', text)],
];

describe('100 kB of the worst characters cost no more than other texts', () => {
  it.each(readers)('for %s', (_, read) => {
    fc.assert(
      fc.property(worst(LONG), (text) => isQuick(LONG, () => read(text))),
      propertyRuns(200, 6),
    );
  });

  it.each(trackers)('in a link to $name', ({ name, taskKey }) => {
    const links = samples[name]?.permalinks ?? [];
    const property = fc.property(
      fc.constantFrom(...links),
      fc.nat(),
      fc.boolean(),
      worst(LONG),
      ([link], at, keeps, text) => {
        const cut = at % (link.length + 1);
        const given = link.slice(0, cut) + text + (keeps ? link.slice(cut) : '');
        isQuick(given.length, () => taskKey(given));
      },
    );
    fc.assert(property, propertyRuns(200, 10));
  });

  it.each(trackers)('in a delivery of $name', (tracker) => {
    const { events = [], headers } = samples[tracker.name] ?? {};
    const payloads = events.map(({ payload }) => JSON.stringify(payload));
    const property = fc.property(
      fc.constantFrom(...payloads),
      fc.nat(),
      fc.boolean(),
      worst(LONG),
      (payload, at, keeps, text) => {
        const changed = withText(JSON.parse(payload), at, (old) => (keeps ? old + text : text));
        const body = Buffer.from(JSON.stringify(changed));
        const delivery = { headers: headers?.(body, 'a secret') ?? {}, body, receivedAt: Date.now() };
        isQuick(body.length, () => tracker.translate(delivery, defaultsOf(tracker)));
        if (tracker.handshake) isQuick(body.length, () => tracker.handshake?.offered(delivery));
      },
    );
    fc.assert(property, propertyRuns(300, 10));
  });

  it('in the headers of a delivery', () => {
    const property = fc.property(worst(HEADERS), (text) => {
      const names = ['authorization', SECRET_HEADER, 'webhook-id', 'webhook-timestamp', 'webhook-signature'];
      for (const name of names) {
        const headers = {
          'webhook-id': 'a',
          'webhook-timestamp': '1',
          'webhook-signature': 'v1,a',
          [name]: text,
        };
        const delivery = { headers, body: Buffer.from('{}'), receivedAt: 1_000 };
        isQuick(HEADERS, () => [
          header(headers, name),
          carriesSecret(delivery, ['a secret']),
          hasValidSignature(delivery, [`whsec_${Buffer.alloc(24).toString('base64')}`]),
        ]);
      }
    });
    fc.assert(property, propertyRuns(200, 6));
  });
});

/** A copy in which one text, counted through the whole tree, is another. */
function withText(value: unknown, at: number, change: (old: string) => string): unknown {
  const texts = countOf(value);
  let index = texts === 0 ? -1 : at % texts;
  const walk = (node: unknown): unknown => {
    if (typeof node === 'string') return index-- === 0 ? change(node) : node;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, walk(child)]));
  };
  return walk(value);
}

function countOf(value: unknown): number {
  if (typeof value === 'string') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, child) => sum + countOf(child), 0);
}
