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
