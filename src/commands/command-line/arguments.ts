import { InvalidArgumentError } from 'commander';

/** A number from 1 on. */
export function positive(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number from 1 on.');
}

const UNITS = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** ms */
export function durationArgument(text: string): number {
  const [, number, unit = ''] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  const size = UNITS.get(unit);
  if (size === undefined) throw new InvalidArgumentError('Give a time such as 30s, 5m or 0s.');
  return Number(number) * size;
}
