import { expect, it, onTestFinished } from 'vitest';
import { freshFolder } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { runProcess, startProcess } from '../support/process.ts';

it('the simulator, the service started by its line and an issue closed by its command close an incident', async () => {
  const simulator = startProcess(['simulator', '--incidents', '5', '--port', String(await freePort())], {});
  onTestFinished(() => simulator.kill());
  await expect.poll(() => simulator.stdout.join('\n')).toContain('simulator close acme/api#1');
  const said = simulator.stdout.join('\n');
  expect(said).toMatch(/INC-2 .*\n +acme\/ops#1 /);
  const line = /^ {2}(INCIDENT_IO_API_URL=.*) \\\n {2}(.*) incident-closer --no-env-file start$/m.exec(said);
  const env = Object.fromEntries(
    `${line?.[1]} ${line?.[2]}`.split(' ').map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=');
      return [name, value];
    }),
  );
  const at = { PORT: String(await freePort()), QUEUE_URL: freshFolder('simulated-'), SETTLE_TIME: '0s' };
  const service = startProcess(['start'], { ...env, ...at });
  onTestFinished(() => service.kill());
  await service.logged('first sync finished');

  const to = ['--to', `http://127.0.0.1:${at.PORT}`];
  const closed = await runProcess(['simulator', 'close', 'acme/ops#1', ...to], {});
  expect(closed).toMatchObject({ code: 0, stdout: expect.stringContaining('202') });
  await service.logged(/^INC-2: close/);

  const wrong = await runProcess(['simulator', 'close', 'acme/ops#1', ...to, '--secret', 'another one'], {});
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('took no webhook') });
  expect((await runProcess(['simulator', 'close', 'acme/ops', ...to], {})).code).toBe(2);
  simulator.signal('SIGTERM');
  expect((await simulator.ended()).code).toBe(0);
});
