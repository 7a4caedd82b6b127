import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startWorker } from '../../src/worker/worker.ts';
import { statuses } from '../support/make.ts';
import { contextInMemory } from './support.ts';

const other = { ...statuses.closed, id: 'CLOSED_2', name: 'Closed without review', rank: 99 };

async function warnings(env: Record<string, string>): Promise<() => string> {
  const { context } = await contextInMemory({
    reader: { statuses: async () => [...Object.values(statuses), other] },
    env,
  });
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const worker = await startWorker({ ...context, log }, { wait: () => new Promise(() => {}) });
  await worker.close(0);
  return () => lines.join('');
}

it('a start warns of several closed statuses, and names the one that would be used', async () => {
  const logged = await warnings({});
  await expect.poll(logged).toContain(`Closing moves an incident to “${statuses.closed.name}”`);
  expect(logged()).toContain('“Closed without review”. Set CLOSED_STATUS');
});

it('and of none where one was chosen', async () => {
  expect((await warnings({ CLOSED_STATUS: other.name }))()).not.toContain('Closing moves');
});
