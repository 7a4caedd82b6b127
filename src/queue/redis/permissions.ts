import type { Cluster, Redis } from 'ioredis';

/** What the Redis user is not permitted to do but needs. */
interface Lacking {
  /** Commands, in upper case. */
  commands: string[];
  /** Whether our keys are not permitted. */
  keys: boolean;
  /** Whether INFO is permitted. Optional: without it timers fire up to a second late, and warnings are missing. */
  info: boolean;
}

/**
 * The commands of queues and store, with arguments that are harmless to a key that holds a string: the store's own, and
 * those in the BullMQ scripts used here, within which the user's permissions apply as well.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
const NEEDED: Readonly<Record<string, readonly (string | number)[]>> = {
  BZPOPMIN: ['KEY', 0.01],
  DEL: ['KEY'],
  EVAL: ['return 1', 1, 'KEY'],
  EVALSHA: ['0'.repeat(40), 1, 'KEY'],
  EXISTS: ['KEY'],
  GET: ['KEY'],
  HDEL: ['KEY', 'a'],
  HEXISTS: ['KEY', 'a'],
  HGET: ['KEY', 'a'],
  HGETALL: ['KEY'],
  HINCRBY: ['KEY', 'a', 1],
  HMGET: ['KEY', 'a'],
  HMSET: ['KEY', 'a', 1],
  HSCAN: ['KEY', 0],
  HSET: ['KEY', 'a', 1],
  INCR: ['KEY'],
  LINDEX: ['KEY', 0],
  LLEN: ['KEY'],
  LPOS: ['KEY', 'a'],
  LPUSH: ['KEY', 'a'],
  LRANGE: ['KEY', 0, 0],
  LREM: ['KEY', 0, 'a'],
  LTRIM: ['KEY', 0, 0],
  PERSIST: ['KEY'],
  PEXPIRE: ['KEY', 10_000],
  PTTL: ['KEY'],
  RPOP: ['KEY'],
  RPOPLPUSH: ['KEY', 'KEY'],
  RPUSH: ['KEY', 'a'],
  SADD: ['KEY', 'a'],
  SCARD: ['KEY'],
  SET: ['KEY', 1, 'PX', 10_000],
  SMEMBERS: ['KEY'],
  SREM: ['KEY', 'a'],
  TIME: [],
  UNLINK: ['KEY'],
  XADD: ['KEY', '*', 'a', 1],
  XTRIM: ['KEY', 'MAXLEN', 1],
  ZADD: ['KEY', 1, 'a'],
  ZCARD: ['KEY'],
  ZCOUNT: ['KEY', 0, 0],
  ZPOPMIN: ['KEY'],
  ZRANGE: ['KEY', 0, 0],
  ZRANGEBYSCORE: ['KEY', 0, 0],
  ZREM: ['KEY', 'a'],
  ZREMRANGEBYRANK: ['KEY', 0, 0],
  ZREMRANGEBYSCORE: ['KEY', 0, 0],
  ZREVRANGE: ['KEY', 0, 0],
  ZREVRANGEBYSCORE: ['KEY', 0, 0],
  ZSCORE: ['KEY', 'a'],
};

/** The ones needed to add jobs to the events queue. */
const NEEDED_TO_ADD: readonly string[] = [
  ...[
    'DEL',
    'EVALSHA',
    'EXISTS',
    'GET',
    'HEXISTS',
    'HGET',
    'HMGET',
    'HMSET',
    'HSET',
    'INCR',
    'LLEN',
    'LPUSH',
  ],
  ...['MULTI', 'PEXPIRE', 'RPUSH', 'SADD', 'SET', 'XADD', 'ZADD', 'ZSCORE'],
];

/** The permissions that a Redis user needs who has no others, as ACL SETUSER takes them. `prefix`: QUEUE_PREFIX. */
export function aclFor(prefix: string): string {
  // SCAN is for `export` and `import` alone.
  const commands = [...Object.keys(NEEDED), 'MULTI', 'EXEC', 'SELECT', 'CLIENT|SETNAME', 'INFO', 'SCAN'];
  return `~{${prefix}* ${commands.map((name) => `+${name.toLowerCase()}`).join(' ')}`;
}

/** Tries what queues and store need, on a key of its own that expires. Throws if Redis does not answer. */
async function lackingRights(redis: Redis | Cluster, tag: string): Promise<Lacking> {
  const key = `${tag}:permissions`;
  const lacking: Lacking = { commands: [], keys: false, info: true };
  const judge = (name: string, error: Error | null) => {
    if (error === null) return;
    const { message } = error;
    if (/\bkeys?\b/i.test(message) && isRefusal(message)) lacking.keys = true;
    else if (isRefusal(message)) lacking.commands.push(name);
    else if (isNoAnswer(error)) throw error;
  };
  const calls = Object.entries(NEEDED).filter(([name]) => name !== 'TIME');
  // First the one that makes the key a string, which the others leave alone; last those that remove it.
  calls.sort(([a], [b]) => rankOf(a) - rankOf(b));
  const answers = await redis
    .pipeline(
      calls.map(([name, args]) => [name.toLowerCase(), ...args.map((arg) => (arg === 'KEY' ? key : arg))]),
    )
    .exec();
  if (answers === null) throw new Error('no answer');
  calls.forEach(([name], i) => {
    judge(name, answers[i]?.[0] ?? null);
  });
  const others: [string, () => Promise<unknown>][] = [
    // With a key, so that a cluster routes it to the node that has it.
    ['TIME', () => redis.eval("return redis.call('TIME')", 1, key)],
    ['MULTI', () => redis.multi().get(key).exec()],
  ];
  for (const [name, ask] of others)
    await ask().then(undefined, (error: Error) => {
      if (!lacking.commands.includes('EVAL') || name !== 'TIME') judge(name, error);
    });
  lacking.info = await redis.info('server').then(
    () => true,
    (error: Error) => {
      if (isRefusal(error.message)) return false;
      throw error;
    },
  );
  return lacking;
}

/** How long sufficient permissions are not checked again, ms. */
const GOOD_FOR = 60_000;

/** Whether a connection's user has the permissions that queues and store need. */
export class Rights {
  readonly #redis: Redis | Cluster;
  readonly #tags: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #of: 'work' | 'add';
  #goodUntil = Number.NEGATIVE_INFINITY;
  /** Whether INFO is permitted, if known. */
  info = true;

  /** `of`: whether to check the permissions of workers, or only those for adding jobs. */
  constructor(redis: Redis | Cluster, tags: ReadonlySet<string>, prefix: string, of: 'work' | 'add') {
    this.#redis = redis;
    this.#tags = tags;
    this.#prefix = prefix;
    this.#of = of;
  }

  /** Throws what is missing, in a message for the operator. */
  async check(): Promise<void> {
    if (performance.now() < this.#goodUntil) return;
    const found = await Promise.all([...this.#tags].map((tag) => lackingRights(this.#redis, tag)));
    this.info = found.every(({ info }) => info);
    const counts = (name: string) => this.#of === 'work' || NEEDED_TO_ADD.includes(name);
    const words = found.flatMap(({ commands, keys }) => {
      return describeMissing({ commands: commands.filter(counts), keys }, this.#prefix) ?? [];
    });
    if (words[0] !== undefined) throw new Error(words[0]);
    this.#goodUntil = performance.now() + GOOD_FOR;
  }
}

/** What is missing and what to do, as a sentence; undefined: nothing. */
function describeMissing({ commands, keys }: Omit<Lacking, 'info'>, prefix: string): string | undefined {
  const missing = [
    ...(commands.length > 0 ? [`run ${commands.join(', ')}`] : []),
    ...(keys ? [`use keys that begin with {${prefix}`] : []),
  ];
  if (missing.length === 0) return undefined;
  return `its user may not ${missing.join(', and may not ')}. Give it what is missing with ACL SETUSER; \`incident-closer doctor\` lists all that is needed`;
}

/** Errors about the server's own state, whoever asks: https://github.com/redis/redis/blob/7.2/src/server.c, createSharedObjects */
const OF_STATE = /^(READONLY|LOADING|MASTERDOWN|OOM|MISCONF)\b/;

/** Whether a command was refused by itself or for this user: NOPERM of an ACL, or one disabled by a provider. */
export function isRefusal(message: string): boolean {
  // “OOM command not allowed …” is not about permissions.
  return (
    !OF_STATE.test(message) && /NOPERM|unknown command|not allowed|can't run this command/i.test(message)
  );
}

/** An error reply of Redis has its own class; everything else is the connection. */
function isNoAnswer(error: Error): boolean {
  return error.name !== 'ReplyError' || OF_STATE.test(error.message);
}

function rankOf(name: string): number {
  if (name === 'SET') return 0;
  return name === 'DEL' || name === 'UNLINK' ? 2 : 1;
}
