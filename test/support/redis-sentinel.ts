import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { sleep } from '../../src/sleep.ts';
import { freePort } from './free-port.ts';
import { PATIENCE } from './patience.ts';

/** Three sentinels that watch one master, and put its replica in its place when it dies. */
export interface Sentinels {
  /** For `QUEUE_URL`. */
  url: string;
  /** The port of the server that they hold for the master. */
  master(): Promise<number>;
  close(): Promise<void>;
}

const NAME = 'main';
const QUORUM = 2;

/** `master` serves, and has one replica. */
export async function startSentinels(
  program: string,
  folder: string,
  master: { port: number },
): Promise<Sentinels> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const running = await Promise.all(
    ports.map(async (port) => {
      const config = join(folder, `sentinel-${port}.conf`);
      await writeFile(
        config,
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `sentinel monitor ${NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
          `sentinel down-after-milliseconds ${NAME} 1000`,
          `sentinel failover-timeout ${NAME} 3000`,
        ].join('\n'),
      );
      return spawn(program, [config, '--sentinel'], { stdio: 'ignore', cwd: folder });
    }),
  );
  const asked = ports.map((port) => {
    const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 });
    redis.on('error', () => {});
    return redis;
  });
  const tell = async (what: 'master' | 'get-master-addr-by-name', of = asked[0]) => {
    const answer = await of?.call('sentinel', what, NAME);
    return Array.isArray(answer) ? answer.map(String) : [];
  };
  const knowsAll = async (sentinel: Redis) => {
    const told = await tell('master', sentinel);
    const known = (name: string) => told[told.indexOf(name) + 1];
    return known('num-slaves') === '1' && known('num-other-sentinels') === String(ports.length - 1);
  };
  const close = async () => {
    for (const redis of asked) redis.disconnect();
    await Promise.all(
      running.map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        if (child.kill('SIGKILL')) await ended;
      }),
    );
  };
  const deadline = Date.now() + PATIENCE;
  while (!(await Promise.all(asked.map(knowsAll))).every(Boolean)) {
    if (Date.now() > deadline) {
      await close();
      throw new Error('The sentinels do not find each other and the replica.');
    }
    await sleep(50);
  }
  return {
    url: `redis-sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/0#${NAME}`,
    async master() {
      return Number((await tell('get-master-addr-by-name'))[1]);
    },
    close,
  };
}
