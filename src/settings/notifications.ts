interface Given {
  notifySlackUrl?: readonly string[] | undefined;
  notifyTeamsUrl?: readonly string[] | undefined;
  notifyEmailTo?: readonly string[] | undefined;
  notifyEmailFrom?: string | undefined;
  notifySmtpUrl?: string | undefined;
  notifyPagerdutyKey?: readonly string[] | undefined;
}

/** Whether operators are notified anywhere. */
export function notifiesAnybody(given: Given): boolean {
  const { notifySlackUrl, notifyTeamsUrl, notifyEmailTo, notifyPagerdutyKey } = given;
  return [notifySlackUrl, notifyTeamsUrl, notifyEmailTo, notifyPagerdutyKey].some((one) => one !== undefined);
}

/** What e-mail lacks, worded for whoever set it; all three of its settings belong together. */
export function incompleteEmail({ notifyEmailTo, notifyEmailFrom, notifySmtpUrl }: Given): string[] {
  const parts = {
    NOTIFY_EMAIL_TO: notifyEmailTo,
    NOTIFY_EMAIL_FROM: notifyEmailFrom,
    NOTIFY_SMTP_URL: notifySmtpUrl,
  };
  const names = Object.entries(parts);
  const missing = names.flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 0 || missing.length === names.length) return [];
  const set = names.flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return [
    `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing: ${set.join(' and ')} ${set.length > 1 ? 'are' : 'is'} set, and no e-mail can be sent without ${missing.length > 1 ? 'them' : 'it'}`,
  ];
}
