import { headerName } from './hosts.ts';
import { longSecret, texts } from './kinds.ts';
import { optional } from './row.ts';

/** The minimum length of tokens that people choose. */
export const SHORTEST_TOKEN = 16;

/** Who may do what on the board, beside `ADMIN_TOKEN`. */
export const peopleRows = {
  viewerToken: optional('VIEWER_TOKEN', longSecret(SHORTEST_TOKEN), {
    group: 'Running it',
    secret: true,
    doc: 'opens the board for looking alone, from everywhere, at least 16 characters: see [docs/people.md](docs/people.md)',
  }),
  authProxyHeader: optional('AUTH_PROXY_HEADER', headerName, {
    group: 'Running it',
    doc: 'the header in which an authenticating proxy of `TRUSTED_PROXIES` tells who is logged in, such as `X-Forwarded-Email`: see [docs/people.md](docs/people.md)',
  }),
  authProxyGroupsHeader: optional('AUTH_PROXY_GROUPS_HEADER', headerName, {
    group: 'Running it',
    doc: 'the header in which it tells the groups of who is logged in, such as `X-Forwarded-Groups`',
  }),
  operators: optional('OPERATORS', texts, {
    group: 'Running it',
    doc: 'who may hold, release, retry and ask for reviews on the board, as the proxy names them; comma-separated, `*` for everybody whom it logs in',
  }),
  operatorGroups: optional('OPERATOR_GROUPS', texts, {
    group: 'Running it',
    doc: 'the same by group',
  }),
  viewers: optional('VIEWERS', texts, {
    group: 'Running it',
    doc: 'who may look at the board and change nothing, as the proxy names them; comma-separated, `*` for everybody whom it logs in',
  }),
  viewerGroups: optional('VIEWER_GROUPS', texts, {
    group: 'Running it',
    doc: 'the same by group',
  }),
};
