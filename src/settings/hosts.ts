import { isIP } from 'node:net';
import { type Kind, NotAllowed, texts } from './kinds.ts';

/** Host names or addresses without a port, as in a URL; in lower case. */
export const hosts: Kind<string[]> = {
  show: texts.show,
  parse: (given) =>
    texts.parse(given).map((text) => {
      const name = isIP(text) === 6 ? `[${text}]` : text;
      if (!/^[\w.-]+$|^\[[\da-f:.]+\]$/i.test(name) || !URL.canParse(`http://${name}`))
        throw new NotAllowed('names of hosts such as closer.internal, without scheme and port');
      return new URL(`http://${name}`).hostname;
    }),
};

/** Addresses and CIDR networks. A prefix of 0 would let every client claim any address. */
export const networks: Kind<string[]> = {
  show: texts.show,
  parse: (given) =>
    texts.parse(given).map((text) => {
      const [address = '', prefix, ...more] = text.split('/');
      const version = isIP(address);
      const most = version === 6 ? 128 : 32;
      const fits =
        prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= most);
      if (version !== 0 && !address.includes('%') && fits && more.length === 0) return text;
      throw new NotAllowed('addresses such as 10.0.0.7, or networks such as 10.0.0.0/8 and fd00::/8');
    }),
};

/** What every client may send, or a proxy sets for another purpose: none of it says who somebody is. */
const OF_OTHERS =
  /^(authorization|cookie|host|origin|referer|user-agent|forwarded|via|connection|accept.*|content-.*|sec-.*|x-forwarded-(for|host|proto|port|uri)|x-real-ip|x-board-token|cf-connecting-ip)$/;

/**
 * The name of a request header, in lower case. Without underscores: some proxies let `X_Forwarded_Email` through and take
 * it for `X-Forwarded-Email` (https://github.com/oauth2-proxy/oauth2-proxy/security/advisories/GHSA-vjrc-mh2v-45x6).
 */
export const headerName: Kind<string> = {
  show: (value) => value,
  parse(given) {
    const name = given.toLowerCase();
    if (/^[a-z][a-z0-9-]{0,99}$/.test(name) && !OF_OTHERS.test(name)) return name;
    throw new NotAllowed(
      'the name of the header in which the proxy tells who is logged in, of letters, digits and hyphens, such as X-Forwarded-Email',
    );
  },
};
