import fc from 'fast-check';
import { expect, it } from 'vitest';
import { locate, locateByUrl } from '../../../src/trackers/github/permalink.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const signs = (of: string, most: number) =>
  fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: most }).map((all) => all.join(''));
const label = fc.oneof(
  fc.constantFrom('github', 'www', 'api', 'xn--p1ai', 'acme-1', '10', '0x7f', 'ghe', 'GitHub', 'ä'),
  signs('abx019-', 6),
);
const host = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '.', ':443', ':8443'))
  .map(([labels, more]) => `${labels.join('.')}${more}`);
const name = fc.oneof(
  fc.constantFrom('acme', 'api', 'repos', 'v3', '.', '..', '...', '%2e%2e', 'a b', ''),
  signs('aZ0._-', 5),
);
const address = fc
  .record({
    scheme: fc.constantFrom('https', 'http', 'HTTPS'),
    host: fc.oneof(fc.constant('github.com'), host),
    path: fc.tuple(name, name, fc.constantFrom('issues', 'pull', 'pulls', 'discussions')),
    number: fc.constantFrom('1', '12', '0', '012', '999999999999', '1000000000000', '1a', '12/'),
    more: fc.constantFrom('', '#issuecomment-1', '?issue=acme|web|7', '?a=1', '/', '\n', ' '),
  })
  .map(({ scheme, host, path, number, more }) => `${scheme}://${[host, ...path, number].join('/')}${more}`);

it('reads the usual address of an issue as it reads any other', () => {
  fc.assert(
    fc.property(address, (permalink) => {
      expect(locate(permalink)).toEqual(locateByUrl(permalink));
    }),
    propertyRuns(20_000, 2_000),
  );
});
