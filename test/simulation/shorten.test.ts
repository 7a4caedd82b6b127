import { expect, it } from 'vitest';
import { shorten } from './shorten.ts';

it('a tape is shortened to what still breaks, with the rest put to 0', async () => {
  const breaks = (tape: number[]) => tape.indexOf(7) !== -1 && tape.indexOf(9) > tape.indexOf(7);
  const keep = async (tape: number[]) => (breaks(tape) ? tape : undefined);
  const long = [3, 1, 7, 4, 4, 2, 9, 5, 6, 8, 1];
  expect(await shorten(long, keep, 10_000)).toEqual([7, 9]);
  // What has to be there, and may be anything.
  const third = async (tape: number[]) => (tape.length >= 3 && tape[2] === 7 ? tape.slice(0, 3) : undefined);
  expect(await shorten(long, third, 10_000)).toEqual([0, 0, 7]);
  expect(await shorten(long, keep, 0)).toEqual(long);
});
