import { readFileSync } from 'node:fs';
import { OperationError } from '../operations/operation.ts';
import { readSettings } from '../settings.ts';
import { sources } from '../trackers/index.ts';
import type { Translation } from '../trackers/tracker.ts';
import type { EventBatch, IncidentEvent, TaskEvent, TaskHint } from '../vocabulary.ts';

/**
 * `replay <tracker> <payload.json> [--header 'Name: value']`: how a body would be read, whoever signed it. It needs
 * no secret and opens no store; the trackers' own settings count as they do in the service.
 */
export async function replayCommand(
  name: string,
  file: string,
  { headers }: { headers: readonly string[] },
): Promise<number> {
  const source = sources.find((one) => one.name === name);
  if (source === undefined) {
    const names = sources.map((one) => one.name).join(', ');
    throw new OperationError(`There is no tracker "${name}": give one of ${names}.`);
  }
  const delivery = { headers: headersOf(headers), body: bodyOf(file), receivedAt: Date.now() };
  const options = readSettings(process.env).trackerOptions[name] ?? {};
  const translation = source.translate(delivery, options);
  console.log(`${source.title}: ${inWords(translation)}`);
  return 0;
}

function bodyOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new OperationError(`The payload ${file} cannot be read (${why}).`);
  }
}

/** Names in lower case, as the receiver has them. */
function headersOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new OperationError(`"${text}" is no header: give --header 'Name: value'.`);
      return [name.toLowerCase(), value.trim()];
    }),
  );
}

function inWords(translation: Translation): string {
  switch (translation.kind) {
    case 'ignored':
      return `ignored: ${translation.reason}`;
    case 'malformed':
      return `malformed, so it would be answered 400: ${translation.reason}`;
    case 'told':
      return partsOf(translation).map(table).join('\n\n');
  }
}

type Line = readonly [string, string | undefined];

function partsOf({ tasks, hints, incidents }: EventBatch): Line[][] {
  return [...tasks.map(ofTask), ...hints.map(ofHint), ...incidents.map(ofIncident)];
}

function ofTask(event: TaskEvent): Line[] {
  const since = event.occurredAt === undefined ? undefined : new Date(event.occurredAt).toISOString();
  return [
    ['state', event.reopened ? `${event.state}, after it was closed` : event.state],
    ['task', event.task],
    ['aliases', event.aliases.join(', ') || undefined],
    ['duplicate of', event.canonical],
    ['by', [event.by, event.actor].filter(Boolean).join(', ')],
    ['when', since ?? 'not told: the time of receipt counts'],
    ['delivery', event.delivery],
  ];
}

function ofHint(hint: TaskHint): Line[] {
  return [
    ['state', 'not told: it is read from the tracker, with its API token'],
    ['task', hint.task],
    ['aliases', hint.aliases.join(', ') || undefined],
    ['by', [hint.by, hint.actor].filter(Boolean).join(', ')],
    ['delivery', hint.delivery],
  ];
}

function ofIncident(event: IncidentEvent): Line[] {
  return [
    ['wakes', event.incident ?? 'the incident of this follow-up'],
    ['follow-up', event.followUp],
    ['delivery', event.delivery],
  ];
}

function table(lines: readonly Line[]): string {
  const told = lines.filter((line): line is [string, string] => line[1] !== undefined);
  return ['read as', ...told.map(([name, value]) => `  ${name.padEnd(13)}${value}`)].join('\n');
}
