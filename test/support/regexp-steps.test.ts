import { expect, it } from 'vitest';
import { countingSteps, stepsOf, TooManySteps } from './regexp-steps.ts';

const steps = (pattern: RegExp, text: string) => stepsOf(pattern, text, 0, 1e9);

it.each([
  [/\/+$/, '/', 'x'],
  [/[a-z]+:/, 'a', '!'],
  [/\s+$/, ' ', 'x'],
])('%s takes four times the steps or more for twice the text', (pattern, character, end) => {
  const once = steps(pattern, character.repeat(500) + end);
  const twice = steps(pattern, character.repeat(1_000) + end);
  expect(twice / once).toBeGreaterThan(3.5);
});

it.each([
  [/^[a-z]+:/, 'a', '!'],
  [/abc|abd/, 'ab', ''],
  [/[/](?=x)/g, '/', ''],
  [/(?<!\w)@(?=\w)/, '@', ''],
  [/^(?:[\w-]+\.)*$/, 'a.', '!'],
])('%s takes twice the steps for twice the text', (pattern, character, end) => {
  const once = steps(pattern, character.repeat(500) + end);
  const twice = steps(pattern, character.repeat(1_000) + end);
  expect(twice / once).toBeLessThan(2.1);
});

it('stops what takes too long before V8 does', () => {
  expect(() => countingSteps(1_000_000, () => '/'.repeat(100_000).concat('x').replace(/\/+$/, ''))).toThrow(
    TooManySteps,
  );
  expect(countingSteps(1_000_000, () => 'a-b'.replace(/-/g, '_'))).toBeGreaterThan(0);
});
