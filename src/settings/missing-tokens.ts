import type { Settings } from '../settings.ts';
import { sources } from '../trackers/index.ts';
import { prefixOf } from './rows.ts';

/** What to tell of sources whose webhooks do not say what state a task has, and that have no API token to ask with. */
export function missingTokens({
  webhookSecrets,
  trackerAccess,
}: Pick<Settings, 'webhookSecrets' | 'trackerAccess'>): string[] {
  return sources
    .filter(({ name, needsToken }) => needsToken && name in webhookSecrets && !(name in trackerAccess))
    .map(
      ({ name, title }) =>
        `the webhooks of ${title} do not say whether a task is done, and ${prefixOf(name)}_API_TOKEN is not set to ask for it: until it is, nothing comes of most of them`,
    );
}
