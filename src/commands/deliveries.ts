import { formatIso } from '../format-time.ts';
import type { DeliveriesResult, RefusedDeliveries, ShownDelivery } from '../operations/deliveries.ts';
import { timesInWords } from '../operations/refusals.ts';
import { namedBy } from '../receiver/refusal-words.ts';
import { printJson, printLines } from '../terminal.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

export interface DeliveriesOptions {
  limit: number;
  refused: boolean;
  task?: string;
  json: boolean;
}

/** `deliveries [--refused] [--task <key>] [--limit <n>] [--json]` */
export async function deliveriesCommand({ json, ...asks }: DeliveriesOptions): Promise<number> {
  const result = await operate(operations.deliveries, asks);
  if (json) printJson(result);
  else printLines(...inWords(result, asks));
  return 0;
}

function inWords({ refused, deliveries }: DeliveriesResult, asks: Omit<DeliveriesOptions, 'json'>): string[] {
  const lines = [...refused.flatMap(refusedInWords), ...deliveries.flatMap(deliveryInWords)];
  if (deliveries.length === asks.limit)
    lines.push(`The newest ${asks.limit} are shown: --limit ${asks.limit * 10} shows more.`);
  if (asks.task !== undefined)
    return [
      ...(lines.length > 0 ? lines : [`No delivery of the last week is known that tells of ${asks.task}.`]),
      'What was ignored, refused or malformed names no task: `deliveries` lists all, `deliveries --refused` what did not get in.',
    ];
  if (lines.length > 0) return lines;
  return [asks.refused ? 'No delivery of the last week was refused.' : 'No delivery came in the last week.'];
}

function refusedInWords({ source, words, count, first, last, newest, again }: RefusedDeliveries): string[] {
  const sum = { count, first: Date.parse(first) };
  return [
    `REFUSED  ${source ?? 'no tracker'}: ${words}; ${timesInWords(sum)}, last at ${formatIso(last)}`,
    ...newest
      .slice(0, 3)
      .map((one) => `  ${[formatIso(one.at), namedBy(one), `from ${one.from}`].filter(Boolean).join('  ')}`),
    ...(again === undefined ? [] : [`  to have one sent again: ${again}`]),
  ];
}

const OUTCOMES = {
  accepted: 'accepted',
  ignored: 'ignored',
  malformed: 'MALFORMED',
  unavailable: 'NOT TAKEN',
};

function deliveryInWords(delivery: ShownDelivery): string[] {
  const { outcome, source, read, more, words, again } = delivery;
  const from = [namedBy(delivery), `from ${delivery.from}`].filter(Boolean).join('  ');
  return [
    `${formatIso(delivery.at)}  ${OUTCOMES[outcome]}  ${source}  ${from}`,
    ...read.map((one) => `  ${readInWords(one)}`),
    ...(more === undefined ? [] : [`  and ${more} more`]),
    `  ${words}`,
    ...(again === undefined ? [] : [`  to have it sent again: ${again}`]),
  ];
}

function readInWords({
  task,
  state,
  by,
  since,
  incident,
  followUp,
  canonical,
}: ShownDelivery['read'][number]): string {
  if (task === undefined) return `about ${incident ?? `the follow-up ${followUp}`}`;
  if (state === undefined) return `${task}: its state is read from the tracker`;
  const when = since === undefined ? '' : ` since ${formatIso(since)}`;
  return `${task}: ${state}${by === undefined ? '' : ` by ${by}`}${when}${canonical === undefined ? '' : `, a duplicate of ${canonical}`}`;
}
