import type { Policy } from '../policy/policy.ts';
import { proxyFor, proxyName, readProxies } from '../proxy.ts';
import type { Settings } from '../settings/settings.ts';
import { shortSecrets } from '../settings/short-secrets.ts';
import { type Finding, ok, trouble, warning } from './finding.ts';

const ABOUT = 'configuration';

/**
 * What can be said about settings that could be read at all. `taken`: the sources whose webhooks processes of the store
 * take, undefined if that is unknown.
 */
export function configurationFindings(
  settings: Settings,
  { paused }: Pick<Policy, 'paused'>,
  taken: readonly string[] | undefined,
): Finding[] {
  const { warnings, dryRun, webhookSecrets } = settings;
  const findings = [
    ...shortSecrets(webhookSecrets).map((words) => trouble(ABOUT, words)),
    ...warnings.map((words) => warning(ABOUT, words)),
  ];
  if (paused !== undefined) findings.push(warning(ABOUT, `nothing is written to incident.io: ${paused}`));
  if (dryRun)
    findings.push(warning(ABOUT, 'it is a dry run: what would be done is logged, and nothing is written'));
  if (Object.keys(webhookSecrets).length + (taken?.length ?? 0) === 0)
    findings.push(
      warning(
        ABOUT,
        `${taken === undefined ? 'no webhook is taken with these settings, and whether another process takes any is unknown: none has noted itself in this store. Without any' : 'no webhook is taken:'} incidents are closed only after what incident.io itself shows, with up to a minute of delay. Set INCIDENT_IO_WEBHOOK_SECRET, GITHUB_WEBHOOK_SECRET or that of another tracker`,
      ),
    );
  return [
    ...(findings.length > 0 ? findings : [ok(ABOUT, 'all settings can be read')]),
    ...proxyFindings(settings),
  ];
}

/** Which proxy is used for each host that is called; nothing if none is set. */
function proxyFindings(settings: Settings): Finding[] {
  const { apiUrl, trackerAccess, outgoingWebhookUrl = [], otlpEndpoint } = settings;
  const proxies = readProxies();
  if (proxies.httpProxy === undefined && proxies.httpsProxy === undefined) return [];
  const { notifySlackUrl = [], notifyTeamsUrl = [], notifyPagerdutyKey, notifyPagerdutyUrl } = settings;
  const called = [
    apiUrl,
    ...Object.values(trackerAccess).flatMap(({ urls }) => urls),
    ...[...outgoingWebhookUrl, ...notifySlackUrl, ...notifyTeamsUrl],
    ...(notifyPagerdutyKey === undefined ? [] : [notifyPagerdutyUrl]),
  ];
  const origins = new Set(
    [...called, ...(otlpEndpoint === undefined ? [] : [otlpEndpoint])].map((url) => new URL(url).origin),
  );
  return [...origins].map((origin) => {
    const proxy = proxyFor(origin, proxies);
    return ok(
      'proxy',
      `${origin} is reached ${proxy === undefined ? 'directly' : `through ${proxyName(proxy)}`}`,
    );
  });
}
