import { Redis } from 'ioredis';
import { sleep } from '../../src/sleep.ts';
import { freePort } from './free-port.ts';
import { PATIENCE } from './patience.ts';

const SLOTS = 16_384;

/** What a `redis-server` is started with to be a node of a cluster. */
export async function clusterOptions(): Promise<string[]> {
  return [
    ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'],
    // By default 10,000 above its port, which may be no port at all.
    ...['--cluster-port', `${await freePort()}`],
  ];
}

/** Makes one cluster of servers of this machine that are empty, all of them masters. Answers its `QUEUE_URL`. */
export async function formCluster(ports: readonly number[]): Promise<string> {
  const nodes = ports.map((port) => new Redis(port, '127.0.0.1'));
  try {
    const size = SLOTS / nodes.length;
    await Promise.all(
      nodes.map((node, i) => {
        const [from, to] = [Math.round(i * size), Math.round((i + 1) * size) - 1];
        return node.call('cluster', 'addslotsrange', from, to);
      }),
    );
    // Each in a number of its own, or they would have to find out who is who.
    for (const [i, node] of nodes.entries()) await node.call('cluster', 'set-config-epoch', i + 1);
    const [first, ...others] = nodes;
    const buses = await Promise.all(nodes.map((node) => node.config('GET', 'cluster-port')));
    for (const [i] of others.entries())
      await first?.call('cluster', 'meet', '127.0.0.1', ports[i + 1] ?? 0, String(busOf(buses[i + 1])));
    await agreed(nodes);
    return `redis-cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;
  } finally {
    for (const node of nodes) node.disconnect();
  }
}

/** Makes an empty server of this machine the replica of a master of a cluster, and waits until it has all that is there. */
export async function addReplica(port: number, master: number): Promise<void> {
  const [replica, first] = [new Redis(port, '127.0.0.1'), new Redis(master, '127.0.0.1')];
  try {
    const id = String(await first.cluster('MYID'));
    const bus = busOf(await first.config('GET', 'cluster-port'));
    await replica.call('cluster', 'meet', '127.0.0.1', master, String(bus));
    const until = async (isSo: () => Promise<boolean>, what: string) => {
      for (const deadline = Date.now() + PATIENCE; !(await isSo()); await sleep(50))
        if (Date.now() > deadline) throw new Error(what);
    };
    const knows = async () => String(await replica.cluster('NODES')).includes(id);
    await until(knows, 'The replica does not find its master.');
    await replica.call('cluster', 'replicate', id);
    const follows = async () => /master_link_status:up/.test(await replica.info('replication'));
    await until(follows, 'The replica does not follow its master.');
    // Who votes for it has to know it, too.
    const known = async () => /cluster_known_nodes:4\b/.test(await first.cluster('INFO'));
    await until(known, 'The masters do not know the replica.');
  } finally {
    replica.disconnect();
    first.disconnect();
  }
}

/** Waits until every node serves and knows all others. */
async function agreed(nodes: readonly Redis[]): Promise<void> {
  const whole = new RegExp(`cluster_state:ok[^]*cluster_known_nodes:${nodes.length}\\b`);
  for (const deadline = Date.now() + PATIENCE; ; await sleep(50)) {
    const told = await Promise.all(nodes.map((node) => node.cluster('INFO')));
    if (told.every((text) => whole.test(text))) return;
    if (Date.now() > deadline) throw new Error(`The nodes do not become one cluster:\n${told.join('\n')}`);
  }
}

function busOf(answer: unknown): unknown {
  return Array.isArray(answer) ? answer[1] : answer;
}
