import { schema } from '@octokit/graphql-schema';
import { buildSchema, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import type { GitHubPlace } from '../../../src/trackers/github/permalink.ts';
import { named, queryFor } from '../../../src/trackers/github/query.ts';

/** As published for github.com; it repeats some fields, which the library does not like. */
const published = buildSchema(schema.idl, { assumeValid: true, assumeValidSDL: true });

const places = new Map<string, GitHubPlace>(
  ['api#12', 'api#13', 'infra#12'].map((name) => {
    const [repo = '', number = ''] = name.split('#');
    return [name, { host: 'github.com', owner: 'acme', repo, number }];
  }),
);

it.each([[[]], [['enableDuplicate']], [['conversions']], [['enableDuplicate', 'conversions']]] as const)(
  'asks only for what the published schema of GitHub has, without %j',
  (without) => {
    expect(validate(published, parse(queryFor(named(places), new Set(without))))).toEqual([]);
  },
);

it('shows the query to be wrong where the schema lacks a field', () => {
  const query = queryFor(named(places)).replace('closedAt', 'closedWhen');
  expect(validate(published, parse(query))).not.toEqual([]);
});
