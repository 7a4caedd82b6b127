import { formatTime } from '../format-time.ts';
import { bounded } from '../outside-text.ts';
import { allDone, joinNames } from '../review/sentences.ts';
import type { ReopenedTask } from '../store/notices/reopened.ts';
import type { Closure, IncidentRecord } from '../store/records.ts';

type Row = Closure['evidence'][number];

/** Longer names are truncated, in characters. */
const LONGEST = 200;

/** Whether the follow-up was dropped rather than done. */
export function isDropped({ status, state }: Row): boolean {
  return status === 'not_doing' || state === 'declined';
}

/** The announcement of a closing as plain text: one or two lines. */
export function closingText(closure: Closure, incident: IncidentRecord | undefined): string {
  const { evidence, alive: total = evidence.length } = closure;
  const name = incident?.name ? ` “${deadText(oneLine(incident.name))}”` : '';
  const lines = [
    `${incident?.reference ?? 'The incident'}${name} was closed: ${allDone(evidence.length, total)}.`,
  ];
  const dropped = evidence.filter(isDropped);
  if (dropped.length > 0) lines.push(`Dropped: ${joinNames(dropped.map(nameOf))}.`);
  return lines.join('\n');
}

/** That a task was opened again, as plain text. */
export function reopenedText(task: ReopenedTask): string {
  return `${nameOf(task)} was opened again at ${formatTime(task.since)}, after incident-closer had closed the incident because it was done. The incident stays closed.`;
}

function nameOf({ name, title, followUp }: Pick<Row, 'name' | 'title' | 'followUp'>): string {
  const shown = title ? `“${deadText(oneLine(title))}”` : undefined;
  return [name && oneLine(name), shown].filter(Boolean).join(' ') || followUp;
}

/** A zero-width joiner: invisibly breaks up what would become a link or a mention. */
const JOINER = '\u2060';
/** Seven or more hex digits in a row are taken for commits. */
const COMMIT = /\b[0-9a-f]{7,}\b/gi;

/** A name that people chose, so that no tracker turns it into a link, a mention or a reference. */
export function deadText(text: string): string {
  return text
    .replaceAll(/(:)(?=\/\/)/g, `$1${JOINER}`)
    .replaceAll(/(\.)(?=[\p{L}\p{N}])/gu, `$1${JOINER}`)
    .replaceAll(/([@#!])(?=[\p{L}\p{N}_"])/gu, `$1${JOINER}`)
    .replaceAll(/(\b[A-Za-z][A-Za-z0-9_]{0,20}-)(?=\d)/g, `$1${JOINER}`)
    .replaceAll(COMMIT, (run) => run.replaceAll(/.{5}(?=.)/g, `$&${JOINER}`));
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return flat.length > LONGEST ? `${bounded(flat, LONGEST)}…` : flat;
}
