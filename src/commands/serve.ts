import { resolve } from 'node:path';
import { createLogger } from '../log.ts';
import { type Service, startService } from '../service/service.ts';
import { missingTokens } from '../settings/missing-tokens.ts';
import { describeSettings, forgetSecrets, readSettings, SettingsError } from '../settings/settings.ts';
import { shortSecrets } from '../settings/short-secrets.ts';
import { operateFor } from './operations.ts';

/** After `SHUTDOWN_DELAY` a stop takes this long at most, ms: what is not done by then goes back to the queue, or is taken up again after the lock's time. */
const STOP_WITHIN = 8_000;
const STOP_HARD = 9_500;

/** `start`, `receive`, `work`: serves until SIGTERM or SIGINT. Returns the exit code. */
export async function serveCommand({ receive, work }: { receive: boolean; work: boolean }): Promise<number> {
  const settings = readSettings(process.env, work ? ['apiKey'] : []);
  forgetSecrets(process.env);
  const log = createLogger(settings.logLevel);
  if (!(receive && work) && !settings.queueUrl.includes('://'))
    throw new SettingsError(
      [
        `QUEUE_URL is the folder ${resolve(settings.queueUrl)}, which one process alone can use: for \`receive\` and \`work\` set it to redis:// or postgres://, or run \`start\``,
      ],
      [],
    );
  // A process that only receives is not given API tokens: its workers have them.
  const others = work ? [] : missingTokens(settings);
  const warnings = settings.warnings.filter((warning) => !others.includes(warning));
  for (const warning of [...warnings, ...shortSecrets(settings.webhookSecrets)]) log.warn(warning);
  log.debug({ settings: describeSettings(settings) }, 'settings in force');
  if (receive && Object.keys(settings.webhookSecrets).length === 0)
    log.warn(
      'no tracker is configured, so no webhook is taken: set GITHUB_WEBHOOK_SECRET, or that of another tracker',
    );
  if (settings.dryRun)
    log.warn('dry run: what would be done is logged, and nothing is written to incident.io');

  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  const onSignal = (signal: string) => {
    log.info(
      `${signal}: stopping${settings.shutdownDelay > 0 ? `; deliveries are taken for ${settings.shutdownDelay / 1_000} s more` : ''}`,
    );
    // A queue that is down must not keep a stopped process alive: it holds nothing acknowledged in memory.
    setTimeout(() => {
      log.warn('stopped without waiting any longer; what was under way is taken up again');
      process.exit(0);
    }, settings.shutdownDelay + STOP_HARD).unref();
    stop.abort();
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  let service: Service | undefined;
  // A service reads its policy again; where it runs in a terminal, that has been closed.
  process.on('SIGHUP', (signal) => {
    if (process.stdin.isTTY) return stop.signal.aborted ? undefined : onSignal(signal);
    log.info('SIGHUP: the policy file is read');
    service?.readPolicy();
  });
  let fatal: Error | undefined;
  const onFatal = (error: Error) => {
    fatal = error;
    stop.abort();
  };
  service = await startService({ settings, receive, work, log, operate: operateFor, onFatal });
  await stopped;
  await service.close(STOP_WITHIN);
  if (fatal !== undefined) throw fatal;
  log.info('stopped');
  return 0;
}
