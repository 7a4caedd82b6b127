import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { onTick } from '../../aligned-timer.ts';
import { isRunning, type ProcessIdentity, thisProcess } from './process-identity.ts';

/** Thrown if another process has the folder open. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
  readonly pid: number;
  constructor(folder: string, pid: number, host: string) {
    const elsewhere = host === hostname() ? '' : ` on ${host}`;
    super(
      `${folder} is in use by process ${pid}${elsewhere}. Only one process can have it open: stop that one, or set QUEUE_URL to redis:// or postgres:// to run several.`,
    );
    this.pid = pid;
  }
}

/** Where the process that has the folder open accepts commands. */
export interface CommandEndpoint {
  address: string;
  token: string;
}

export interface FolderLock {
  /** Publishes to other processes of the same user where this one accepts commands. */
  announce(announcement: CommandEndpoint): Promise<void>;
  release(): Promise<void>;
}

const contents = z.object({
  pid: z.number().int().positive(),
  /** When the process started, and where its id is valid, as far as the system shows it. */
  started: z.string().optional(),
  space: z.string().optional(),
  host: z.string(),
  released: z.boolean().optional(),
  address: z.string().optional(),
  token: z.string().optional(),
});
type Contents = z.infer<typeof contents>;

/** How often a lock is touched, and how long after the last touch one from another container is considered dead, ms. */
const TOUCH_EVERY = 5_000;
const DEAD_AFTER = 15_000;

/**
 * Locks a folder for this process. A lock is a file `lock-<number>.json`; the highest number counts, and only the next
 * one can be created, by one process alone. The highest is never removed, not even on release, so a process with an old
 * listing cannot take what another has taken since. `waiting` is called if it takes 15 s to see whether a process in
 * another container is still alive.
 */
export async function lockFolder(
  folder: string,
  waiting: (words: string) => void = () => {},
): Promise<FolderLock> {
  const mine: Contents = { ...thisProcess(), host: hostname() };
  for (;;) {
    const highest = (await numbers(folder)).at(-1) ?? 0;
    const holder = highest === 0 ? undefined : await readLockFile(folder, highest);
    if (holder !== undefined && (await isHeld(folder, highest, holder, waiting))) {
      throw new FolderLockedError(folder, holder.pid, holder.host);
    }
    const number = highest + 1;
    if (!(await create(folder, number, mine))) continue;
    const all = await numbers(folder);
    if (all.at(-1) !== number) {
      await unlink(fileOf(folder, number));
      continue;
    }
    for (const old of all.slice(0, -1)) await unlink(fileOf(folder, old)).catch(() => {});
    return hold(folder, number, mine);
  }
}

/** The process that has the folder open, and where it accepts commands once it has published that. */
export async function readFolderLock(
  folder: string,
): Promise<{ pid: number; announcement?: CommandEndpoint } | undefined> {
  const highest = (await numbers(folder)).at(-1);
  if (highest === undefined) return undefined;
  const holder = await readLockFile(folder, highest);
  if (holder === undefined || !(await isHeld(folder, highest, holder))) return undefined;
  const { pid, address, token } = holder;
  return address === undefined || token === undefined ? { pid } : { pid, announcement: { address, token } };
}

/** Where a process accepts commands that certainly runs, on this machine, and has the folder open; looks at once. */
export async function readEndpoint(folder: string): Promise<CommandEndpoint | undefined> {
  const highest = (await numbers(folder)).at(-1);
  const holder = highest === undefined ? undefined : await readLockFile(folder, highest);
  if (holder === undefined || holder.released || isRunning(holder) !== true) return undefined;
  const { address, token } = holder;
  return address === undefined || token === undefined ? undefined : { address, token };
}

function hold(folder: string, number: number, mine: Contents): FolderLock {
  const file = fileOf(folder, number);
  const endTouching = onTick(TOUCH_EVERY, () => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  });
  let released = false;
  return {
    announce: ({ address, token }) => replace(file, { ...mine, address, token }),
    async release() {
      if (released) return;
      released = true;
      endTouching();
      await replace(file, { ...mine, released: true });
    },
  };
}

async function isHeld(
  folder: string,
  number: number,
  holder: Contents,
  waiting: (words: string) => void = () => {},
): Promise<boolean> {
  if (holder.released) return false;
  const running = isRunning(holder satisfies ProcessIdentity);
  if (running !== undefined) return running;
  // Containers have process ids of their own: there, only a lock that is still being touched is held.
  const file = fileOf(folder, number);
  const touched = async () => (await stat(file).catch(() => undefined))?.mtimeMs;
  const first = await touched();
  waiting(
    `${folder} was last opened by process ${holder.pid} on ${holder.host}, which did not give it back: within ${DEAD_AFTER / 1_000} s it is seen whether that still runs`,
  );
  for (let waited = 0; waited < DEAD_AFTER; waited += 500) {
    await sleep(500);
    if ((await touched()) !== first) return true;
  }
  return false;
}

/** Creates the lock file with all its contents atomically. Returns false if it exists already. */
async function create(folder: string, number: number, data: Contents): Promise<boolean> {
  const draft = await write(folder, data);
  try {
    await link(draft, fileOf(folder, number));
    return true;
  } catch (error) {
    if (isCode(error, ['EEXIST'])) return false;
    if (isCode(error, NO_LINKS)) return await createWithoutLink(fileOf(folder, number), data);
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** Errors of file systems without hard links (SMB, virtiofs, FAT): https://man7.org/linux/man-pages/man2/link.2.html */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'];

/** The same, except that it may be seen empty for a moment: readers then wait. */
async function createWithoutLink(file: string, data: Contents): Promise<boolean> {
  try {
    await writeFile(file, `${JSON.stringify(data)}\n`, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, ['EEXIST'])) return false;
    throw error;
  }
}

function isCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

async function replace(file: string, data: Contents): Promise<void> {
  await rename(await write(join(file, '..'), data), file);
}

/** Writes a draft that only its owner can read. */
async function write(folder: string, data: Contents): Promise<string> {
  const draft = join(folder, `draft-${randomUUID()}.json`);
  await writeFile(draft, `${JSON.stringify(data)}\n`, { mode: 0o600, flag: 'wx' });
  return draft;
}

function fileOf(folder: string, number: number): string {
  return join(folder, `lock-${number}.json`);
}

/** The numbers of the existing lock files, lowest first. */
async function numbers(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .map((name) => Number(/^lock-(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}

/** How long a lock may be empty while it is being written, ms. */
const WRITTEN_WITHIN = 2_000;

/** Undefined if it was removed meanwhile, or cannot be parsed. */
async function readLockFile(folder: string, number: number): Promise<Contents | undefined> {
  for (let waited = 0; ; waited += 100) {
    try {
      return contents.parse(JSON.parse(await readFile(fileOf(folder, number), 'utf8')));
    } catch (error) {
      if (isCode(error, ['ENOENT'])) return undefined;
      // Any other error, such as missing permissions, says nothing about its owner.
      if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    }
    // Permanently corrupt, e.g. because the disk was full.
    if (waited >= WRITTEN_WITHIN) return undefined;
    await sleep(100);
  }
}
