// Imported before the program: while the file that NO_NAMES names exists, no name is found.
import dns from 'node:dns';
import { existsSync } from 'node:fs';

const lookup = dns.lookup;
dns.lookup = (host, options, callback) => {
  if (!existsSync(process.env.NO_NAMES)) return lookup(host, options, callback);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
  });
  process.nextTick(typeof options === 'function' ? options : callback, error);
};
