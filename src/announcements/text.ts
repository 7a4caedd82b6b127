import { allDone, list } from '../review/words.ts';
import type { Closure, IncidentRecord } from '../store/records.ts';

type Row = Closure['evidence'][number];

/** Longer names are cut, in characters. */
const LONGEST = 200;

/** Whether the follow-up was dropped rather than done. */
export function isDropped({ status, state }: Row): boolean {
  return status === 'not_doing' || state === 'declined';
}

/** What people are told of a closing, as plain text: one or two lines. */
export function textOf(closure: Closure, incident: IncidentRecord | undefined): string {
  const { evidence, alive = evidence.length } = closure;
  const name = incident?.name ? ` “${oneLine(incident.name)}”` : '';
  const lines = [
    `${incident?.reference ?? 'The incident'}${name} was closed: ${allDone(evidence.length, alive)}.`,
  ];
  const dropped = evidence.filter(isDropped);
  if (dropped.length > 0) lines.push(`Dropped: ${list(dropped.map(nameOf))}.`);
  return lines.join('\n');
}

function nameOf({ name, title, followUp }: Row): string {
  const shown = title ? `“${oneLine(title)}”` : undefined;
  return [name && oneLine(name), shown].filter(Boolean).join(' ') || followUp;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return flat.length > LONGEST ? `${flat.slice(0, LONGEST)}…` : flat;
}
