import { connect, createServer, type Socket } from 'node:net';

/** A connection to a server that a test can cut or freeze, as a network does. */
export interface Line {
  port: number;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  /** Keeps the connections that are open and swallows what they send, for good; new ones pass. */
  freeze(): void;
  /** Lets new connections pass again. */
  mend(): void;
  close(): Promise<void>;
}

export async function proxyTo(host: string, port: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let refusing = false;
  const server = createServer((near) => {
    if (refusing) return void near.destroy();
    const far = connect(port, host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (data) => void to.write(data));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      refusing = true;
      end();
    },
    freeze() {
      for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    mend() {
      refusing = false;
    },
    close() {
      end();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
