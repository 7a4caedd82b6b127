/** What a program of the benchmarks does in its own process: tells what it offers, then answers calls until it is ended. */
export function offer(what, methods = {}) {
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, result: await methods[method](...args) });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.once('disconnect', () => process.exit());
  process.send(what);
}

export const options = () => JSON.parse(process.argv[2] ?? '{}');
