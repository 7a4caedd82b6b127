import { isPrivate } from '../visibility.ts';
import type { IncidentUpdate } from '../vocabulary.ts';
import type { Judged } from './judge.ts';
import type { Doubt, Past } from './past.ts';
import { closingsIn, madeAt } from './timelines.ts';

/** What people did with an incident after it would have been closed. */
export interface WentOn {
  what: 'moved-back' | 'follow-up-added' | 'task-reopened';
  at: number;
  words: string;
  url?: string | undefined;
}

/** The answer for one incident. Times are ms. */
export interface BacktestRow {
  incident: string;
  id: string;
  name: string;
  private: boolean;
  url?: string | undefined;
  /**
   * `closed`, `resolved`: it would have been, at `at`. `left`: somebody closed it at `peopleAt`, and it would not have
   * been by then. `open`: nobody has closed it, and it would not have been. `unknown`: that cannot be known.
   */
  answer: 'closed' | 'resolved' | 'left' | 'open' | 'unknown';
  at?: number;
  /** The first closing by others, after `at` where there is one. */
  peopleAt?: number;
  /** The closing was made by the very key that reads: by a service that runs already. */
  byThisKey?: true;
  /** What it had decided at `peopleAt`, or at last. */
  reason?: string;
  words?: string;
  whys?: readonly string[];
  wentOn?: readonly WentOn[];
  doubts?: readonly Doubt[];
  /** Between which times it would have acted. */
  between?: { from: number; to: number };
  /** Which reasons it ever waited or was left for. */
  met: readonly string[];
}

export function backtestRowOf(past: Past, judged: Judged, keyName: string): BacktestRow {
  const { incident, updates } = past;
  const closings = closingsIn(updates);
  const row = {
    incident: incident.reference,
    id: incident.id,
    name: incident.name,
    private: isPrivate(incident.visibility),
    url: incident.permalink,
  };
  const by = (update: IncidentUpdate | undefined) =>
    update === undefined
      ? {}
      : {
          peopleAt: update.createdAt,
          ...(update.updater.kind === 'api_key' &&
            update.updater.name === keyName && { byThisKey: true as const }),
        };
  if (!judged.known) {
    const { doubts, between } = judged;
    // Whenever it would have been closed, this came later.
    const wentOn = between === undefined ? [] : wentOnAfter(past, between.to);
    return {
      ...{ ...row, answer: 'unknown', ...by(closings[0]), doubts, met: [] },
      ...(between && { between }),
      ...(wentOn.length > 0 && { wentOn }),
    };
  }
  const { edit, left, last, met } = judged.played;
  if (edit !== undefined) {
    const wentOn = wentOnAfter(past, edit.at);
    return {
      ...row,
      answer: edit.verdict === 'close' ? 'closed' : 'resolved',
      at: edit.at,
      ...by(closings.find(({ createdAt }) => createdAt >= edit.at)),
      words: edit.words,
      ...(wentOn.length > 0 && { wentOn }),
      met: [...met],
    };
  }
  const decided = left === undefined ? last : left.verdict;
  return {
    ...row,
    answer: left === undefined ? 'open' : 'left',
    ...by(closings[0]),
    reason: decided?.reason ?? 'not-there-yet',
    words: decided?.words ?? 'it was declared and closed at once',
    whys: [...new Set(decided?.whys ?? [])],
    met: [...met],
  };
}

const ACTIVE = ['live', 'triage'];

function wentOnAfter({ updates, followUps, tasks, incident }: Past, at: number): WentOn[] {
  const found: WentOn[] = [];
  for (const [i, { status, createdAt }] of updates.entries()) {
    if (createdAt <= at) continue;
    const before = updates[i - 1]?.status.category ?? '';
    const isBack =
      (before === 'closed' && status.category !== 'closed') ||
      (before === 'learning' && ACTIVE.includes(status.category));
    const url = incident.permalink;
    if (isBack) found.push({ what: 'moved-back', at: createdAt, words: `moved back to ${status.name}`, url });
  }
  for (const followUp of followUps) {
    const { title, reference } = followUp;
    const made = madeAt(followUp, { began: 0, to: Infinity }) ?? followUp.createdAt;
    if (made <= at) continue;
    const words = `follow-up added: ${reference?.name ?? title}`;
    found.push({ what: 'follow-up-added', at: made, words, url: reference?.permalink });
  }
  for (const event of tasks.values()) {
    if (event.state !== 'open' || event.reopened !== true) continue;
    if (event.occurredAt === undefined || event.occurredAt <= at) continue;
    const words = `task reopened: ${event.task}`;
    found.push({ what: 'task-reopened', at: event.occurredAt, words });
  }
  return found.sort((a, b) => a.at - b.at);
}
