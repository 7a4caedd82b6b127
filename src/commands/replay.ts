import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { formatTime } from '../format-time.ts';
import { OperationError } from '../operations/operation.ts';
import { joinNames } from '../review/sentences.ts';
import { readSettings } from '../settings/settings.ts';
import { printJson, printLines, warnLines } from '../terminal.ts';
import { header, parseJson } from '../trackers/body.ts';
import { sources } from '../trackers/index.ts';
import type { Delivery, Source } from '../trackers/tracker.ts';
import type { Translation } from '../trackers/translation.ts';
import type { EventBatch, IncidentEvent, TaskEvent, TaskHint } from '../vocabulary.ts';
import { MisusedError } from './misused-error.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';
import { isForPeople } from './run-command.ts';

/**
 * `replay <tracker> <payload.json> [--header 'Name: value'] [--json]`: how a payload would be read, whoever signed it; `-` reads
 * it from stdin. It needs no secret, and no store but for the incidents that its tasks belong to; the trackers' options
 * apply as they do in the service.
 */
export async function replayCommand(
  name: string,
  file: string,
  { headers, json }: { headers: readonly string[]; json: boolean },
): Promise<number> {
  const source = sources.find((one) => one.name === name);
  if (source === undefined) {
    const names = sources.map((one) => one.name).join(', ');
    throw new MisusedError(`There is no tracker "${name}": give one of ${names}.`);
  }
  const delivery = { headers: headersOf(headers), body: await bodyOf(file), receivedAt: Date.now() };
  const options = readSettings(process.env).trackerOptions[name] ?? {};
  const translation = source.translate(delivery, options);
  const advice = missingHeader(source, delivery);
  if (json) {
    const linked = translation.kind === 'events' ? await linkedTo(translation) : undefined;
    printJson({ source: name, ...translation, ...linked, ...(advice !== undefined && { advice }) });
    return 0;
  }
  const [first = '', ...rest] = inWords(translation);
  printLines(`${source.title}: ${first}`, ...rest);
  if (translation.kind === 'events') printLines('', await belonging(translation));
  if (advice !== undefined) warnLines(advice);
  return 0;
}

/** The incidents that what was told belongs to, in words. */
async function belonging(batch: EventBatch): Promise<string> {
  const { belongsTo = [], unknown } = await linkedTo(batch);
  if (unknown !== undefined) return `Which incidents it belongs to is not known: ${unknown}`;
  if (belongsTo.length > 0) return `It belongs to ${joinNames(belongsTo)}.`;
  return 'It belongs to no incident: no follow-up refers to it, as far as the service knows.';
}

/** References of the incidents, or why they are not known. */
async function linkedTo({
  tasks,
  hints,
  incidents,
}: EventBatch): Promise<{ belongsTo?: string[]; unknown?: string }> {
  const keys = [...tasks, ...hints].flatMap(({ task, aliases }) => [task, ...aliases]);
  const followUps = incidents.flatMap(({ followUp }) => followUp ?? []);
  const named = incidents.flatMap(({ incident }) => incident ?? []);
  try {
    const found = await operate(
      operations.linked,
      { tasks: keys, followUps, incidents: named },
      { quiet: true },
    );
    return found.unknown === undefined ? { belongsTo: found.incidents } : { unknown: found.unknown };
  } catch (error) {
    if (!isForPeople(error)) throw error;
    return { unknown: error.message.split('\n').join(' ') };
  }
}

/** Which flag to add if a payload was saved without the header that names its type. */
function missingHeader({ title, eventHeader }: Source, { headers, body }: Delivery): string | undefined {
  if (eventHeader === undefined || header(headers, eventHeader.name.toLowerCase()) !== undefined)
    return undefined;
  const value = eventHeader.of(parseJson(body));
  return value === undefined
    ? `${title} says in the header ${eventHeader.name} what a body is: add it with --header '${eventHeader.name}: …'.`
    : `${title} says in the header ${eventHeader.name} what a body is. This one seems to be of “${value}”: add --header '${eventHeader.name}: ${value}'.`;
}

async function bodyOf(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
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
        throw new MisusedError(`"${text}" is no header: give --header 'Name: value'.`);
      return [name.toLowerCase(), value.trim()];
    }),
  );
}

function inWords(translation: Translation): string[] {
  switch (translation.kind) {
    case 'ignored':
      return [`ignored: ${translation.reason}`];
    case 'malformed':
      return [`malformed, so it would be answered 400: ${translation.reason}`];
    case 'events':
      return partsOf(translation).flatMap((part, at) => (at === 0 ? table(part) : ['', ...table(part)]));
  }
}

type Line = readonly [string, string | undefined];

function partsOf({ tasks, hints, incidents }: EventBatch): Line[][] {
  return [...tasks.map(ofTask), ...hints.map(ofHint), ...incidents.map(ofIncident)];
}

function ofTask(event: TaskEvent): Line[] {
  const since = event.occurredAt === undefined ? undefined : formatTime(event.occurredAt);
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

function table(lines: readonly Line[]): string[] {
  const known = lines.filter((line): line is [string, string] => line[1] !== undefined);
  return ['read as', ...known.map(([name, value]) => `  ${name.padEnd(13)}${value}`)];
}
