import type { Logger } from '../log.ts';
import { bounded } from '../outside-text.ts';
import { SparingLog } from '../receiver/sparing-log.ts';
import type { AuthenticatorOptions } from './access.ts';
import { networkOf } from './client-address.ts';
import { type Logins, tokenNames } from './logins.ts';

const HOUR = 3_600_000;
const MOST_GROUPS = 20;
const LONGEST_GROUP = 100;

/** Logs who was not let in: each kind a few times a minute, and what a proxy's header said once an hour from each place. */
export function authLog(
  log: Logger | undefined,
  logins: Logins,
): Required<Pick<AuthenticatorOptions, 'refused' | 'unnamed'>> & { close(): void } {
  const tokens = new SparingLog();
  const headers = new SparingLog(HOUR);
  const refusals = {
    wrong: `a wrong ${tokenNames(logins).join(' or ')} was tried on the board`,
    'too-many': 'too many wrong tokens from this address: the board checks none from there for a minute',
  };
  const header = logins.proxy?.header;
  return {
    refused(from, why) {
      tokens.say(`${from} ${why}`, {
        tell: () => log?.warn({ from, why }, refusals[why]),
        sumUp: (more) => log?.warn({ from, why, times: more }, `${more} more times: ${refusals[why]}`),
      });
    },
    unnamed(named) {
      if (named.is === 'nobody') return;
      if (named.is === 'person') {
        const { login, groups } = named.person;
        const shown = groups.slice(0, MOST_GROUPS).map((group) => bounded(group, LONGEST_GROUP));
        sayOnce(
          `person ${login}`,
          { login, groups: shown },
          'the proxy logged in somebody who is neither in OPERATORS, OPERATOR_GROUPS, VIEWERS nor VIEWER_GROUPS: the board is not open to them',
        );
        return;
      }
      const { from, why } = named;
      sayOnce(
        `${named.is} ${networkOf(from)}`,
        { from, header },
        `the login header of a request to the board was ignored: ${why}`,
      );
    },
    close() {
      tokens.close();
      headers.close();
    },
  };

  function sayOnce(kind: string, about: object, words: string): void {
    headers.say(kind, {
      first: 1,
      tell: () => log?.warn(about, words),
      sumUp: (more) => log?.warn({ ...about, times: more }, `${more} more times in an hour: ${words}`),
    });
  }
}
