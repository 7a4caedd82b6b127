import { expect, it } from 'vitest';
import { inPlainWords } from '../../src/board/plain-words.ts';

const AT = 'Redis at 127.0.0.1:6379';

it.each([
  [
    `${AT} cannot take jobs: connect ECONNREFUSED 127.0.0.1:6379`,
    `${AT} does not answer: it refuses connections`,
  ],
  [`${AT} cannot take jobs: read ECONNRESET`, `${AT} does not answer: it ended the connection`],
  [`${AT} cannot take jobs: getaddrinfo ENOTFOUND redis`, `${AT} does not answer: its name is not found`],
  [`${AT} cannot take jobs: ${AT} does not answer`, `${AT} does not answer`],
  [
    `${AT} cannot take jobs: Socket timeout. Expecting data, but didn't receive any in 5000ms.`,
    `${AT} does not answer`,
  ],
  ['the store does not answer: no answer', 'the store does not answer'],
])('what a library says is put in plain words: %s', (said, words) => {
  expect(inPlainWords(said)).toBe(words);
});

it.each([
  `${AT} cannot take jobs: OOM command not allowed when used memory > 'maxmemory'.`,
  'The key has no role to edit incidents: give it one',
])('what tells more than that nothing answers is left as it is: %s', (problem) => {
  expect(inPlainWords(problem)).toBe(problem);
});
