import { formatTime } from '../format-time.ts';
import { namedBy, whyRefused } from '../receiver/refusal-words.ts';
import { secretVariable } from '../settings/rows.ts';
import type { RefusedDelivery, RefusedSum, SourceStatus } from '../store/delivery-records.ts';
import { sources } from '../trackers/index.ts';
import type { Source } from '../trackers/tracker.ts';

/** Refusals that nothing since shows to be over: what `doctor`, the board and `deliveries` tell of them. */
export interface StandingRefusal {
  /** Nothing correctly signed has come from this source since. */
  isNewest: boolean;
  /** Its sender names itself as the tracker's webhooks do. Anybody can. */
  isNamed: boolean;
  words: string;
}

/** A webhook that was refused while others of its tracker are taken may be somebody's try: it is told for a day, ms. */
const TOLD_FOR = 24 * 3_600_000;

export function standingRefusals(
  source: Pick<Source, 'name' | 'title' | 'again'>,
  standing: SourceStatus | undefined,
  now: number,
): StandingRefusal[] {
  return (standing?.refused ?? []).flatMap((sum) => {
    const last = lastOf(sum, standing);
    const isNewest = sum.last > (standing?.signedAt ?? -Infinity);
    if (last === undefined && !isNewest) return [];
    if (!isNewest && (last === undefined || now - last.at > TOLD_FOR)) return [];
    const newest = last ?? sum.newest[0] ?? { at: sum.last, from: '' };
    const named = namedBy(newest);
    const what = isNewest
      ? 'its last delivery was refused'
      : `deliveries of one of its webhooks are refused, the last one`;
    const words = [
      `${what} at ${formatTime(isNewest ? sum.last : newest.at)}: ${whyRefused(sum.reason, source.name)}${named && ` (${named})`}, ${timesInWords(sum)}`,
      remedyOf(sum.reason, source),
      isNewest ? `Then have it sent again: ${againInWords(source)}` : undefined,
    ];
    return [{ isNewest, isNamed: named !== '', words: words.filter(Boolean).join('. ') }];
  });
}

/** Deliveries to addresses that name no tracker, within a day. */
export function strayDeliveries(standing: SourceStatus | undefined, now: number): string[] {
  return (standing?.refused ?? []).flatMap((sum) => {
    const names = [...new Set(sum.newest.flatMap(({ tracker }) => tracker ?? []))].slice(0, 3);
    if (now - sum.last > TOLD_FOR || names.length === 0) return [];
    return names.map(
      (name) =>
        `deliveries came to /webhooks/${name}, the last one at ${formatTime(sum.last)}, and ${whyRefused(sum.reason, name, sourceNames())}`,
    );
  });
}

export const sourceNames = (): string[] => sources.map(({ name }) => name);

/** The last refused delivery whose own webhook, or else whose source, has sent nothing since that was signed. */
function lastOf(sum: RefusedSum, standing: SourceStatus | undefined): RefusedDelivery | undefined {
  const hooks = new Map(standing?.hooks.map(({ hook, at }) => [hook, at]));
  const signedAt = standing?.signedAt ?? -Infinity;
  return sum.newest.find(({ at, hook }) => {
    if (at > signedAt) return true;
    return sum.reason === 'signature' && hook !== undefined && (hooks.get(hook) ?? -Infinity) < at;
  });
}

/** `12 times since 2026-11-24 08:15:00 UTC` */
export function timesInWords({ count, first }: Pick<RefusedSum, 'count' | 'first'>): string {
  return count === 1 ? 'once' : `${count} times since ${formatTime(first)}`;
}

function remedyOf(
  reason: RefusedSum['reason'],
  { name, title }: Pick<Source, 'name' | 'title'>,
): string | undefined {
  const setting = secretVariable(name);
  if (reason === 'signature')
    return `Give that webhook the secret in ${setting}, or add its own there, with a comma between them, and restart`;
  if (reason === 'unset') return `Set ${setting}, or take the webhook away in ${title}`;
  return undefined;
}

/** How a delivery is had once more, as far as its source does that. */
export function againInWords({ title, again }: Pick<Source, 'title' | 'again'>): string {
  return (
    again ??
    `change the task in ${title} once more; where its API token is set, the next sweep reads the tasks of outstanding follow-ups`
  );
}
