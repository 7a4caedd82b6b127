import { formatIso } from '../format-time.ts';
import type { CheckResult } from '../operations/check.ts';
import type { CheckAllResult } from '../operations/check-all.ts';
import type { ListedIncident } from '../operations/listed-incident.ts';
import { printJson, printLines } from '../terminal.ts';
import { MisusedError } from './misused-error.ts';
import { operate } from './operate.ts';
import { DRY_RUN, operations } from './operations.ts';

/** `check INC-123 [--json]`, `check --all [--json]` */
export async function checkCommand(
  incident: string | undefined,
  { all, json }: { all: boolean; json: boolean },
): Promise<number> {
  if (all === (incident !== undefined))
    throw new MisusedError(
      'Name one incident, as in `check INC-123`, or ask for `check --all` (check --help tells more).',
    );
  if (incident === undefined) {
    const shown = new Set<string>();
    const found = (listed: ListedIncident) => {
      shown.add(listed.id);
      printLines(...listedInWords(listed));
    };
    const result = await operate(operations.checkAll, {}, json ? {} : { found });
    if (json) printJson(result);
    else printLines(...allInWords(result, shown));
  } else {
    const result = await operate(operations.check, { incident });
    if (json) printJson(result);
    else printLines(...checkInWords(result));
  }
  return 0;
}

/** What `check` prints of one incident. */
export function checkInWords(result: CheckResult): string[] {
  const lines = [
    `${result.incident}  ${result.private ? '(private) ' : ''}${result.name}  (${result.status})`,
    `${result.verdict.toUpperCase()}: ${result.words}`,
    `${result.rule === undefined ? '' : `rule: ${result.rule}, `}reason: ${result.reason}${result.until === undefined ? '' : `; it is reviewed again at ${formatIso(result.until)}`}`,
  ];
  if (result.failing !== undefined) lines.push(`failing: ${result.failing}`);
  for (const { reason, words } of result.also ?? []) lines.push(`also: ${words} (reason: ${reason})`);
  for (const followUp of result.followUps) {
    const { title, name, url, counts, why, task, state, by, actor, since, delivery, duplicates } = followUp;
    lines.push(`  ${counts.padEnd(6)}  ${name === undefined ? '' : `${name}  `}${title}`);
    lines.push(`          ${why}`);
    // It counts as done, and holds the incident anyway.
    const unconfirmed =
      counts === 'done' && result.blockers.find((one) => one.followUp === followUp.followUp);
    if (unconfirmed) lines.push(`          not confirmed: ${unconfirmed.why}`);
    for (const one of duplicates ?? [])
      lines.push(
        `          ${one.task}: ${one.state === undefined ? 'nothing is known of it' : `${one.state}${one.since === undefined ? '' : ` since ${formatIso(one.since)}`}`}`,
      );
    if (state !== undefined)
      lines.push(
        `          ${duplicates?.at(-1)?.task ?? task} was reported ${state} by ${actor ?? by}${since === undefined ? '' : ` at ${formatIso(since)}`} (delivery ${delivery})`,
      );
    // What is done needs no attention.
    if ((counts === 'blocks' || unconfirmed) && url !== undefined) lines.push(`          ${url}`);
  }
  for (const { title, status } of result.ofStreams ?? [])
    lines.push(`  of a stream, counts for nothing  ${title} (${status})`);
  if (result.dryRun) lines.push('', DRY_RUN);
  if (result.woken)
    lines.push('', 'The service did not know all of this: it was told, and reviews the incident.');
  if (result.trouble !== undefined) lines.push('', `The service: ${result.trouble}.`);
  if (result.unknown !== undefined) lines.push('', result.unknown);
  return lines;
}

const HEADINGS = {
  close: 'would be closed now',
  resolve: 'would be moved to post-incident now',
  wait: 'wait',
  leave: 'would be left alone',
};

/** What `check --all` prints of an incident once it has been looked at. */
export function listedInWords(listed: ListedIncident): string[] {
  const { verdict, failing, also = [] } = listed;
  return [
    `${verdict.padEnd(7)}  ${listedInLine(listed)}`,
    ...(failing === undefined ? [] : [`           failing: ${failing}`]),
    ...also.map(({ words }) => `           also: ${words}`),
  ];
}

function listedInLine({ incident, name, words, private: hidden }: ListedIncident): string {
  return `${incident}  ${hidden ? '(private) ' : ''}${name}: ${words}`;
}

/** What `check --all` prints at its end: the incidents that were not `shown`, by their ids, and the sum of all. */
export function allInWords(
  { incidents, withoutFollowUps, woken, unknown, dryRun, trouble }: CheckAllResult,
  shown: ReadonlySet<string> = new Set(),
): string[] {
  const active = incidents.filter((one) => one.active).length;
  const lines = incidents.filter(({ id }) => !shown.has(id)).flatMap(listedInWords);
  if (incidents.length > 0) lines.push('');
  lines.push(
    `${incidents.length} open incidents with follow-ups (${active} of them still active), ${withoutFollowUps} without`,
  );
  for (const verdict of ['close', 'resolve', 'wait', 'leave'] as const) {
    const found = incidents.filter((one) => one.verdict === verdict);
    if (found.length === 0 && verdict !== 'close') continue;
    lines.push(`${found.length} ${HEADINGS[verdict]}`);
    // What it is asked for: among many lines it would be looked for.
    if (verdict === 'close' || verdict === 'resolve')
      lines.push(...found.map((one) => `  ${listedInLine(one)}`));
  }
  if (dryRun) lines.push('', DRY_RUN);
  if (woken !== undefined)
    lines.push('', `The service did not know all of this: it was told, and reviews ${woken} of them.`);
  if (trouble !== undefined) lines.push('', `The service: ${trouble}.`);
  if (unknown !== undefined) lines.push('', unknown);
  return lines;
}
