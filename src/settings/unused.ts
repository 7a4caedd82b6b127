import { isLoopbackAddress } from '../loopback.ts';
import { notifiesAnybody } from './notifications.ts';
import { rows, type SourceRows, sourceRows } from './rows.ts';
import { type Environment, readVariable } from './variable.ts';

/** Settings of trackers that have no effect because what they belong to is not set; a sentence for each. */
export function unusedSettings(env: Environment): string[] {
  const isSet = (row: Parameters<typeof readVariable>[0] | undefined) =>
    row !== undefined && readVariable(row, env) !== undefined;
  return sourceRows.flatMap(({ secrets, access, options }: SourceRows) => {
    const unused: string[] = [];
    const token = access?.token;
    if (access !== undefined && isSet(access.urls) && !isSet(token) && !isSet(rows.publicUrl))
      unused.push(`${access.urls.name} is set and not used: ${access.token.name} is not set`);
    if (isSet(secrets) || isSet(token)) return unused;
    const needed = [secrets.name, ...(token ? [token.name] : [])].join(' nor ');
    for (const option of options.values())
      if (isSet(option)) unused.push(`${option.name} is set and not used: neither ${needed} is set`);
    return unused;
  });
}

/** Settings that have no effect because of another one; a sentence for each. */
export function idleSettings(
  settings: {
    activeIncidents: string;
    announcePrivate: boolean;
    outgoingWebhookUrl?: readonly string[] | undefined;
    host: string;
    queueUrl: string;
  } & Parameters<typeof notifiesAnybody>[0],
  env: Environment,
): string[] {
  const isSet = (row: Parameters<typeof readVariable>[0]) => readVariable(row, env) !== undefined;
  const untold = settings.outgoingWebhookUrl === undefined;
  const overruled =
    isSet({ ...rows.queueUrl, otherName: undefined }) && isSet({ ...rows.queueUrl, name: 'REDIS_URL' });
  const idle: [boolean, string, string][] = [
    [
      isSet(rows.resolvedStatus) && settings.activeIncidents !== 'resolve',
      rows.resolvedStatus.name,
      'ACTIVE_INCIDENTS is not resolve',
    ],
    [
      untold && !notifiesAnybody(settings) && isSet(rows.blockedAfter),
      rows.blockedAfter.name,
      'OUTGOING_WEBHOOK_URL is not set, and no operators are notified',
    ],
    [untold && settings.announcePrivate, rows.announcePrivate.name, 'OUTGOING_WEBHOOK_URL is not set'],
    [
      isSet(rows.allowedHosts) && !isSet(rows.authProxyHeader) && !isLoopbackAddress(settings.host),
      rows.allowedHosts.name,
      `HOST is ${settings.host}, under which all names are served`,
    ],
    [
      isSet(rows.postgresConnections) && !/^postgres(ql)?:/i.test(settings.queueUrl),
      rows.postgresConnections.name,
      'QUEUE_URL is not PostgreSQL',
    ],
    [overruled, 'REDIS_URL', 'QUEUE_URL is set'],
  ];
  return idle.filter(([isIdle]) => isIdle).map(([, name, why]) => `${name} is set and not used: ${why}`);
}
