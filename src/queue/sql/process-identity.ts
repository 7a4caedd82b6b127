import { readFileSync, readlinkSync } from 'node:fs';

/** A process, distinguishable from a later one with the same id. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, by the system's own count. */
  started?: string | undefined;
  /** Where its id is valid: one boot of one machine, and one PID namespace there. */
  space?: string | undefined;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, started: statOf(process.pid)?.started, space: space() };
}

/** Undefined if it cannot be determined, as for a process in another container or on another machine. */
export function isRunning(identity: ProcessIdentity): boolean | undefined {
  if (identity.space !== space()) return undefined;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const stat = statOf(identity.pid);
  // A zombie: it has ended, and its parent has not reaped it yet.
  if (stat?.state === 'Z') return false;
  const started = stat?.started;
  return started === undefined || identity.started === undefined || started === identity.started;
}

/** State and start (in ticks since boot) from Linux's /proc; undefined elsewhere. */
function statOf(pid: number): { state: string | undefined; started: string | undefined } | undefined {
  const stat = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The program's name, in parentheses, may contain anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0], started: fields[19] };
}

function space(): string | undefined {
  return readOrNothing(
    () =>
      `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`,
  );
}

function readOrNothing(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
