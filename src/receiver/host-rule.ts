import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackAddress, isLoopbackName, nameIn } from '../loopback.ts';

/** Whether a request with these headers may read what is not for everybody. */
export type HostRule = (headers: IncomingHttpHeaders) => boolean;

/**
 * A server that listens on loopback answers only to names of this machine and to the `allowed` ones: a web page could have
 * its own name resolve to 127.0.0.1 (DNS rebinding) and read it through somebody's browser. A server for others is reached
 * by names we cannot know, such as those of pods. A client that sends no Host is no browser.
 */
export function hostRule({ host, allowed }: { host: string; allowed: readonly string[] }): HostRule {
  if (!isLoopbackAddress(host)) return () => true;
  return ({ host: given }) => {
    if (given === undefined) return true;
    const name = nameIn(given);
    return name !== undefined && (isLoopbackName(name) || allowed.includes(name));
  };
}
