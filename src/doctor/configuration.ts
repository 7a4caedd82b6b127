import { idleAnnouncements } from '../announcements/configured.ts';
import type { Policy } from '../policy/policy.ts';
import type { Settings } from '../settings.ts';
import { trackers } from '../trackers/index.ts';
import { type Finding, ok, warning } from './finding.ts';

const ABOUT = 'configuration';

/** What can be said of settings that could be read at all. */
export function configurationFindings(settings: Settings, { paused }: Pick<Policy, 'paused'>): Finding[] {
  const { warnings, dryRun, webhookSecrets } = settings;
  const findings = warnings.map((words) => warning(ABOUT, words));
  if (paused !== undefined) findings.push(warning(ABOUT, `nothing is written to incident.io: ${paused}`));
  for (const words of idleAnnouncements(settings, trackers)) findings.push(warning(ABOUT, words));
  if (dryRun)
    findings.push(warning(ABOUT, 'DRY_RUN is true: what would be done is logged, and nothing is written'));
  if (Object.keys(webhookSecrets).length === 0)
    findings.push(
      warning(
        ABOUT,
        'no webhook is taken: incidents are closed only after what incident.io itself shows, with up to a minute of delay. Set INCIDENT_IO_WEBHOOK_SECRET, GITHUB_WEBHOOK_SECRET or that of another tracker',
      ),
    );
  return findings.length > 0 ? findings : [ok(ABOUT, 'all settings can be read')];
}
