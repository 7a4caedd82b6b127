import type { HistoryEntry } from '../operations/history.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

/** `history [--limit <n>] [--json]` */
export async function historyCommand({ limit, json }: { limit: number; json: boolean }): Promise<number> {
  const { closures, all } = await operate(operations.history, { limit });
  if (json) console.log(JSON.stringify(closures, undefined, 2));
  else if (all === 0) console.log('Nothing was closed yet.');
  else {
    console.log(closures.map(inWords).join('\n'));
    if (closures.length < all) console.log(`… and ${all - closures.length} before these: --limit ${all}`);
  }
  return 0;
}

function inWords(entry: HistoryEntry): string {
  const { incident, name, to, confirmed, requestId, late = [], announced, evidence } = entry;
  const lines = [
    `${incident}  ${name}: moved to ${to} at ${confirmed}${requestId === undefined ? '' : ` (request ${requestId})`}`,
  ];
  for (const { followUp, title, name: task, status, state, by, actor, since, delivery } of evidence) {
    lines.push(`  ${task === undefined ? '' : `${task}  `}${title ?? followUp}: ${status}`);
    if (state !== undefined)
      lines.push(
        `    its task was ${state} by ${actor ?? by} since ${since}, told by the delivery ${delivery}`,
      );
  }
  for (const { title, why } of late) lines.push(`  LATE ${title ?? ''}: ${why}`);
  for (const { place, to, state, at, why } of announced)
    lines.push(`  ${TOLD[state]} ${place} (${to})${at ? ` at ${at}` : ''}${why ? `: ${why}` : ''}`);
  return lines.join('\n');
}

const TOLD = { made: 'told in', due: 'to be told in', 'given-up': 'NOT TOLD in' };
