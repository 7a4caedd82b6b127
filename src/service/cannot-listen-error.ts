/** The address cannot be served, for a reason that whoever configured it can fix. */
export class CannotListenError extends Error {
  override readonly name = 'CannotListenError';
}

/** What kept the server from listening, by which setting, and what to do. */
export function cannotListen(
  error: unknown,
  { port, host }: { port: number; host: string },
): CannotListenError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words = WORDS[code]?.(port, host);
  const why = error instanceof Error ? error.message : String(error);
  return new CannotListenError(words ?? `PORT ${port} on HOST ${host} cannot be served: ${why}.`);
}

/** By Node's codes: https://nodejs.org/api/errors.html#common-system-errors */
const WORDS: Readonly<Record<string, (port: number, host: string) => string>> = {
  EADDRINUSE: (port, host) =>
    `PORT ${port} is in use on ${host} by another program: stop that one, or set PORT to another port (0 takes a free one).`,
  EACCES: (port) =>
    `PORT ${port} may not be opened by this user, as those below 1024 usually may not: set PORT to a higher one.`,
  EADDRNOTAVAIL: (_, host) =>
    `HOST ${host} is no address of this machine: set HOST to one of its own, or to 0.0.0.0 for all.`,
  ENOTFOUND: (_, host) =>
    `HOST ${host} is no name that leads to an address of this machine: set HOST to one of its addresses, or to 0.0.0.0 for all.`,
};
