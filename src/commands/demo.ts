import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say, styled } from '../demo/say.ts';
import { playDemo, setScene } from '../demo/story.ts';
import { until } from '../demo/until.ts';
import { createLogger } from '../log.ts';
import { startService } from '../service/service.ts';
import { readSettings } from '../settings/settings.ts';
import type { Simulator } from '../simulator/running-simulator.ts';
import { startSimulator } from '../simulator/simulator.ts';

/** Short, so that nobody waits long; the real default is a minute. */
const SETTLE_TIME = '4s';

/**
 * The main job end to end, with nothing but this package: a stand-in for incident.io, the service on the embedded
 * default, and real signed GitHub webhooks over HTTP.
 */
export async function demoCommand({ exit }: { exit: boolean }): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
  const folder = await mkdtemp(join(tmpdir(), 'incident-closer-demo-'));
  const incidentIo = await startSimulator({ organisation: 'Acme' });
  try {
    await play(incidentIo, join(folder, 'data'), exit ? undefined : stopped);
    return 0;
  } finally {
    await incidentIo.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** `goOnUntil`: what stops serving after the story; absent: it ends with the story. */
async function play(
  incidentIo: Simulator,
  queueUrl: string,
  goOnUntil: Promise<void> | undefined,
): Promise<void> {
  say();
  say(styled('bold', 'incident-closer: the demo'));
  say('A stand-in plays incident.io, GitHub is played by signed webhooks. All else is the real service.');
  say();
  const scene = setScene(incidentIo);

  const secret = randomBytes(32).toString('hex');
  const env = {
    INCIDENT_IO_API_KEY: incidentIo.token,
    INCIDENT_IO_API_URL: incidentIo.url,
    GITHUB_WEBHOOK_SECRET: secret,
    QUEUE_URL: queueUrl,
    SETTLE_TIME,
    PORT: process.env.PORT ?? '0',
  };
  const log = createLogger('error', { pretty: true });
  const service = await startService({
    settings: readSettings(env, ['apiKey']),
    receive: true,
    work: true,
    log,
  });
  try {
    const { store } = await until(async () => service.context(), 'the store');
    await until(() => store.synced(), 'the first sync');
    say();
    say(`The service runs at ${service.url}, and has read the follow-ups.`);
    await playDemo({ ...scene, incidentIo, service, store, secret, settleTime: SETTLE_TIME });
    if (goOnUntil === undefined) return;
    say();
    say(`It goes on serving: ${service.url}/readyz  (Ctrl-C ends it)`);
    await goOnUntil;
  } finally {
    await service.close(5_000);
  }
}
