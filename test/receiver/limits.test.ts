import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { post, type Raw, running } from './support.ts';

/** A delivery whose first line and headers are about so long. */
function headersOf(bytes: number): string {
  const start = 'POST /webhooks/github HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nx-long: ';
  return `${start}${'x'.repeat(bytes - start.length - 4)}\r\n\r\n`;
}

it('headers over 16 KiB are refused with their reason, and others are served', async () => {
  const server = await running();
  const fitting = await server.raw();
  fitting.socket.write(headersOf(15 * 1024));
  await expect.poll(fitting.text).toMatch(/^HTTP\/1.1 401 /);

  const long = await server.raw();
  long.socket.write(headersOf(17 * 1024));
  await long.closed;
  expect(long.text()).toMatch(
    /^HTTP\/1.1 431 [\s\S]*\{"status":"error","reason":"the headers are over 16 KiB"\}$/,
  );

  const endless = await server.raw();
  endless.socket.write('POST /webhooks/github HTTP/1.1\r\nhost: a\r\n');
  const send = (): void => {
    while (!endless.socket.destroyed && endless.socket.write(`x-more: ${'x'.repeat(1000)}\r\n`));
  };
  endless.socket.on('drain', send);
  send();
  await endless.closed;
  expect(server.intake.calls).toBe(0);
  expect((await post(server.url)).status).toBe(202);
});

it('connections above the limit are dropped and said once, and those that are open are served', async () => {
  const server = await running({ maxConnections: 2 });
  const open = [await server.raw(), await server.raw()];
  for (let extra = 0; extra < 3; extra++) {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
  }
  expect(server.lines).toMatchObject([
    { level: 'warn', from: '127.0.0.1', msg: expect.stringContaining('2 are open') },
  ]);

  for (const { socket, text } of open) {
    socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    await expect.poll(text).toMatch(/^HTTP\/1.1 200 /);
  }
  await Promise.all(open.map((one: Raw) => one.closed));
  await expect.poll(async () => (await post(server.url).catch(() => undefined))?.status).toBe(202);
});

it('a connection that says nothing is hung up on', async () => {
  const server = await running({ timeouts: { headers: 100, request: 200, check: 50 } });
  const silent = await server.raw();
  await silent.closed;
  expect(silent.text()).toMatch(/^HTTP\/1.1 408 /);
});
