import { formatIso } from '../format-time.ts';
import type { ShownAction } from '../operations/actions.ts';
import type { AuditResult, HistoryEntry } from '../operations/history.ts';
import { printJson, printLines } from '../terminal.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

export interface HistoryOptions {
  limit: number;
  json: boolean;
  /** Only what operators did. */
  actions: boolean;
}

/** `history [--limit <n>] [--actions] [--json]` */
export async function historyCommand({ limit, json, actions: only }: HistoryOptions): Promise<number> {
  const { closures, all, actions, allActions } = await operate(operations.history, { limit });
  if (json) {
    printJson(only ? actions : closures);
    return 0;
  }
  printLines(...recordInLines({ closures, all, actions, allActions }, { limit, only }));
  return 0;
}

/** The newest first, closings and what operators did together; and how many more there are. */
export function recordInLines(
  { closures, all, actions, allActions }: AuditResult,
  { limit, only }: { limit: number; only: boolean },
): string[] {
  const entries = [
    ...(only ? [] : closures.map((entry) => ({ at: entry.confirmed, lines: inWords(entry) }))),
    ...actions.map((action) => ({ at: action.at, lines: [actionLine(action)] })),
  ].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  const total = allActions + (only ? 0 : all);
  const more = total - Math.min(limit, entries.length);
  return [
    ...(!only && all === 0 ? ['Nothing was closed yet.'] : []),
    ...(only && total === 0 ? ['No operator did anything yet.'] : []),
    ...entries.slice(0, limit).flatMap(({ lines }) => lines),
    ...(more > 0 ? [`… and ${more} before these: --limit ${total}`] : []),
  ];
}

/** `history INC-123 [--limit <n>] [--json]` */
export async function storyCommand(
  incident: string,
  { limit, json }: Pick<HistoryOptions, 'limit' | 'json'>,
): Promise<number> {
  const { entries, dropped, ...about } = await operate(operations.story, { incident });
  const shown = entries.slice(0, limit);
  if (json) {
    printJson({ ...about, entries: shown, dropped });
    return 0;
  }
  printLines(`${about.incident}  ${about.private ? '(private) ' : ''}${about.name}`);
  if (entries.length === 0) printLines('  Nothing is kept of what happened to it.');
  printLines(...shown.map(({ at, words }) => `  ${formatIso(at)}  ${words}`));
  if (shown.length < entries.length)
    printLines(`  … and ${entries.length - shown.length} before these: --limit ${entries.length}`);
  else if (dropped > 0) printLines(`  … and ${dropped} before these, which are not kept any more`);
  return 0;
}

/** `history erase --person <name> [--json]` */
export async function eraseCommand({
  person,
  json = false,
}: {
  person: string;
  json?: boolean;
}): Promise<number> {
  const erased = await operate(operations.erase, { person });
  if (json) {
    printJson({ erased });
    return 0;
  }
  const where = Object.entries(erased).filter(([, count]) => count > 0);
  printLines(
    where.length === 0
      ? 'The name is nowhere in what is kept.'
      : `The name was erased: ${where.map(([what, count]) => `${what} ${count}`).join(', ')}.`,
  );
  return 0;
}

function actionLine({ at, words, private: hidden }: ShownAction): string {
  return `${formatIso(at)}  ${hidden ? '(private) ' : ''}${words}`;
}

function inWords(entry: HistoryEntry): string[] {
  const { incident, name, to, confirmed, requestId, late = [], announced, evidence, private: hidden } = entry;
  const { reopened = [] } = entry;
  const lines = [
    `${incident}  ${hidden ? '(private) ' : ''}${name}: moved to ${to} at ${formatIso(confirmed)}${requestId === undefined ? '' : ` (request ${requestId})`}`,
  ];
  for (const { followUp, title, name: task, status, state, by, actor, since, delivery } of evidence) {
    lines.push(`  ${task === undefined ? '' : `${task}  `}${title ?? followUp}: ${status}`);
    if (state !== undefined)
      lines.push(
        `    its task was reported ${state} by ${actor ?? by}${since === undefined ? '' : ` at ${formatIso(since)}`} (delivery ${delivery})`,
      );
  }
  for (const { title, why } of late) lines.push(`  LATE ${title ?? ''}: ${why}`);
  for (const { name: task, title, followUp, since } of reopened)
    lines.push(`  OPENED AGAIN ${task ?? title ?? followUp} at ${formatIso(since)}`);
  for (const { place, to, state, at, why } of announced)
    lines.push(
      `  ${TOLD[state]} ${place} (${to})${at ? ` at ${formatIso(at)}` : ''}${why ? `: ${why}` : ''}`,
    );
  return lines;
}

const TOLD = { made: 'told in', due: 'to be told in', 'given-up': 'NOT TOLD in' };
