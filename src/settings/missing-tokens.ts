import { sources } from '../trackers/index.ts';
import { prefixOf } from './rows.ts';

/** Warnings about sources whose webhooks do not contain a task's state, and that have no API token to read it with. */
export function missingTokens({
  webhookSecrets,
  trackerAccess,
}: Record<'webhookSecrets' | 'trackerAccess', Readonly<Record<string, unknown>>>): string[] {
  return sources
    .filter(({ name, needsToken }) => needsToken && name in webhookSecrets && !(name in trackerAccess))
    .map(
      ({ name, title }) =>
        `the webhooks of ${title} do not say whether a task is done, and ${prefixOf(name)}_API_TOKEN is not set to ask for it: until it is, nothing comes of most of them`,
    );
}
