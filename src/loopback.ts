/** Names of this machine, as `hostname` of a URL has them. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function isLoopbackName(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/** Whether a server that listens on `host` can be reached from this machine only. */
export function isLoopbackAddress(host: string): boolean {
  return isLoopbackName(host.includes(':') ? `[${host}]` : host.toLowerCase());
}

/** The name or address in a `Host` header, without the port; undefined if it is invalid. */
export function nameIn(hostHeader: string): string | undefined {
  const url = `http://${hostHeader}`;
  return URL.canParse(url) && !/[/?#@\\]/.test(hostHeader) ? new URL(url).hostname : undefined;
}
