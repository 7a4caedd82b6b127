import { hostname, userInfo } from 'node:os';
import type { Operator } from '../store/history/operator.ts';

/** Who runs this command, and on which host. */
export function commandLineUser(): Operator {
  return { name: userName(), via: 'command line', from: hostname() };
}

/** In a container, the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
