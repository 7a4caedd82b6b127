import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isRunning, type ProcessIdentity, thisProcess } from './process-identity.ts';

/** Thrown where another process has the folder open. */
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

/** Where the process that has the folder open takes commands. */
export interface Announcement {
  address: string;
  token: string;
}

export interface FolderLock {
  /** Tells other processes of the same user where this one takes commands. */
  announce(announcement: Announcement): Promise<void>;
  release(): Promise<void>;
}

const contents = z.object({
  pid: z.number().int().positive(),
  /** When the process started, and where its id means something, as far as the system tells. */
  started: z.string().optional(),
  space: z.string().optional(),
  host: z.string(),
  released: z.boolean().optional(),
  address: z.string().optional(),
  token: z.string().optional(),
});
type Contents = z.infer<typeof contents>;

/** How often a lock is touched, and how long after the last touch one of another container is taken for dead, in ms. */
const TOUCH_EVERY = 4_000;
const DEAD_AFTER = 15_000;

/**
 * Locks a folder for this process. A lock is a file `lock-<number>.json`; the highest number counts, and only
 * the file after it can be created, by one process alone. The highest is never removed, also not at release:
 * so a process that looked a while ago cannot take what another has taken since.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const mine: Contents = { ...thisProcess(), host: hostname() };
  for (;;) {
    const highest = (await numbers(folder)).at(-1) ?? 0;
    const holder = highest === 0 ? undefined : await readLockFile(folder, highest);
    if (holder !== undefined && (await isHeld(folder, highest, holder))) {
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

/** The process that has the folder open, and where it takes commands once it announced that. */
export async function readFolderLock(
  folder: string,
): Promise<{ pid: number; announcement?: Announcement } | undefined> {
  const highest = (await numbers(folder)).at(-1);
  if (highest === undefined) return undefined;
  const holder = await readLockFile(folder, highest);
  if (holder === undefined || !(await isHeld(folder, highest, holder))) return undefined;
  const { pid, address, token } = holder;
  return address === undefined || token === undefined ? { pid } : { pid, announcement: { address, token } };
}

function hold(folder: string, number: number, mine: Contents): FolderLock {
  const file = fileOf(folder, number);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, TOUCH_EVERY);
  touch.unref();
  let released = false;
  return {
    announce: ({ address, token }) => replace(file, { ...mine, address, token }),
    async release() {
      if (released) return;
      released = true;
      clearInterval(touch);
      await replace(file, { ...mine, released: true });
    },
  };
}

async function isHeld(folder: string, number: number, holder: Contents): Promise<boolean> {
  if (holder.released) return false;
  const running = isRunning(holder satisfies ProcessIdentity);
  if (running !== undefined) return running;
  // A container of its own has its own process ids: there only a lock that is still being touched is held.
  const file = fileOf(folder, number);
  const touched = async () => (await stat(file).catch(() => undefined))?.mtimeMs;
  const first = await touched();
  for (let waited = 0; waited < DEAD_AFTER; waited += 500) {
    await sleep(500);
    if ((await touched()) !== first) return true;
  }
  return false;
}

/** Creates the lock file with all its contents at once. Answers false where it is there already. */
async function create(folder: string, number: number, data: Contents): Promise<boolean> {
  const draft = await write(folder, data);
  try {
    await link(draft, fileOf(folder, number));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
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

/** The numbers of the lock files that are there, lowest first. */
async function numbers(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .map((name) => Number(/^lock-(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}

/** Undefined where it was removed meanwhile, or holds nothing that can be read. */
async function readLockFile(folder: string, number: number): Promise<Contents | undefined> {
  try {
    return contents.parse(JSON.parse(await readFile(fileOf(folder, number), 'utf8')));
  } catch (error) {
    // Gone or garbled (a disk that was full); any other trouble, as with permissions, says nothing about its owner.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
