import { isIP, SocketAddress } from 'node:net';

/** What shows where a request comes from; `ip` takes `TRUSTED_PROXIES` into account. */
export interface From {
  ip: string;
  raw: { socket: { remoteAddress?: string | undefined } };
}

/** Some proxies add the port: https://learn.microsoft.com/en-us/azure/application-gateway/how-application-gateway-works */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([\da-f:.]+)\]):\d+$/i;

/** The client's address, or the proxy's if what it forwards is no address. */
export function addressOf({ ip, raw }: From): string {
  const [, v4, v6] = WITH_PORT.exec(ip) ?? [];
  const bare = (v4 ?? v6 ?? ip).split('%', 1)[0] ?? '';
  return isIP(bare) === 0 ? (raw.socket.remoteAddress ?? '') : bare;
}

/** The address in canonical form, that of IPv4 where an IPv6 socket shows one. */
export function ipOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const text = written(address);
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
}

/** The address, or for IPv6 the network of a household (/64), in canonical form. */
export function networkOf(address: string): string {
  const ip = ipOf(address);
  if (isIP(ip) !== 6) return ip;
  const [head = '', tail] = ip.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

/** Canonical: shortened and in lower case. https://www.rfc-editor.org/rfc/rfc5952 */
function written(address: string): string {
  return new SocketAddress({ family: 'ipv6', address: address.split('%', 1)[0] ?? '' }).address;
}
