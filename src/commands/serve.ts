import { idleAnnouncements } from '../announcements/configured.ts';
import { createLogger } from '../log.ts';
import { startService } from '../service/service.ts';
import { missingTokens } from '../settings/missing-tokens.ts';
import { describeSettings, forgetSecrets, readSettings, SettingsError } from '../settings.ts';
import { trackers } from '../trackers/index.ts';
import { operateFor } from './operations.ts';

/** A stop takes this long at most, ms: what is not done by then goes back to the queue, or is taken up again after the lock's time. */
const STOP_WITHIN = 8_000;
const STOP_HARD = 9_500;

/** `start`, `receive`, `work`: serves until SIGTERM or SIGINT. Answers the exit code. */
export async function serveCommand({ receive, work }: { receive: boolean; work: boolean }): Promise<number> {
  const settings = readSettings(process.env, work ? ['apiKey'] : []);
  forgetSecrets(process.env);
  const log = createLogger(settings.logLevel);
  if (!(receive && work) && !settings.queueUrl.includes('://'))
    throw new SettingsError(
      [
        `QUEUE_URL is the folder ${settings.queueUrl}, which one process alone can use: for \`receive\` and \`work\` set it to redis:// or postgres://, or run \`start\``,
      ],
      [],
    );
  for (const warning of settings.warnings) log.warn(warning);
  log.debug({ settings: describeSettings(settings) }, 'settings in force');
  if (receive && Object.keys(settings.webhookSecrets).length === 0)
    log.warn(
      'no tracker is configured, so no webhook is taken: set GITHUB_WEBHOOK_SECRET, or that of another tracker',
    );
  for (const warning of missingTokens(settings)) log.warn(warning);
  for (const warning of idleAnnouncements(settings, trackers)) log.warn(warning);
  if (settings.dryRun)
    log.warn('dry run: what would be done is logged, and nothing is written to incident.io');

  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  const onSignal = (signal: string) => {
    log.info(`${signal}: stopping`);
    // A queue that is down must not keep a stopped process: nothing that was acknowledged is in its memory.
    setTimeout(() => {
      log.warn('stopped without waiting any longer; what was under way is taken up again');
      process.exit(0);
    }, STOP_HARD).unref();
    stop.abort();
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  let fatal: Error | undefined;
  const onFatal = (error: Error) => {
    fatal = error;
    stop.abort();
  };
  const service = await startService({ settings, receive, work, log, operate: operateFor, onFatal });
  await stopped;
  await service.close(STOP_WITHIN);
  if (fatal !== undefined) throw fatal;
  log.info('stopped');
  return 0;
}
