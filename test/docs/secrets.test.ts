import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { blocksOf, pages } from './pages.ts';

const made = pages.flatMap(({ path, text }) =>
  blocksOf(text)
    .filter(({ comments }) => comments.some((comment) => comment.includes('secrets.test.ts')))
    .map(({ code }) => [path, code] as const),
);

it.skipIf(spawnSync('openssl', ['version']).error !== undefined)(
  'the commands of the pages that make secrets make strong ones',
  () => {
    expect(made.map(([path]) => path)).toEqual(['docs/trackers/github.md', 'docs/trackers/gitlab.md']);
    for (const [path, code] of made)
      expect(spawnSync('bash', ['-euc', code], { encoding: 'utf8' }).stdout, path).toMatch(
        /^([0-9a-f]{64}|whsec_[\w+/]{43}=)\n$/,
      );
  },
);
