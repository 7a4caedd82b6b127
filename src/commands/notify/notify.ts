import { systemClock } from '../../clock.ts';
import { notifyingHttp } from '../../notifications/destinations.ts';
import { tryOut } from '../../notifications/try-out.ts';
import { readSettings } from '../../settings/settings.ts';
import { printJson, printLines, warnLines } from '../../terminal.ts';

/** `notify --test [--json]`: sends a test to everybody that the settings name. Returns 1 if one did not take it. */
export async function notifyCommand({ json }: { json: boolean }): Promise<number> {
  const settings = readSettings(process.env);
  const http = notifyingHttp();
  const tried = await tryOut(settings, http, systemClock.now()).finally(() => http.close());
  if (json) printJson({ destinations: tried });
  else
    for (const { destination, to, taken, why } of tried)
      printLines(
        `${taken ? 'taken' : 'FAILED'}  ${destination} (${to})${why === undefined ? '' : `: ${why}`}`,
      );
  if (tried.length === 0)
    warnLines(
      'Nobody is notified: set NOTIFY_SLACK_URL, NOTIFY_TEAMS_URL, NOTIFY_EMAIL_TO or NOTIFY_PAGERDUTY_KEY.',
    );
  return tried.length > 0 && tried.every(({ taken }) => taken) ? 0 : 1;
}
