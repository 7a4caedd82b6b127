import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { isAnnouncement } from '../incident-io/announcement-marker.ts';
import { parsedJson } from '../json.ts';
import { incidentStatus } from '../store/records.ts';
import type { FollowUp, Incident, IncidentUpdate, TaskEvent } from '../vocabulary.ts';

/**
 * What was read of each incident, one JSON line each, so that a run that was stopped goes on where it was, and one with
 * another policy need not read it all again. What came in lists is not in it: titles and names are nowhere in this file.
 */

/** What the trackers told is used again for so long, ms. What incident.io showed, for as long as it looks the same. */
const FRESH = 24 * 3_600_000;

const header = z.object({ backtest: z.literal(1), organisation: z.string() });

const event = z.object({
  tracker: z.string(),
  task: z.string(),
  aliases: z.array(z.string()),
  state: z.enum(['done', 'declined', 'open', 'deleted']),
  by: z.enum(['person', 'automation', 'unknown']),
  actor: z.string().optional(),
  machineLabels: z.array(z.string()).optional(),
  status: z.string().optional(),
  occurredAt: z.number().optional(),
  toldAt: z.number().optional(),
  revision: z.number().optional(),
  reopened: z.boolean().optional(),
  closedBefore: z.object({ at: z.number(), by: z.enum(['person', 'automation', 'unknown']) }).optional(),
  canonical: z.string().optional(),
  delivery: z.string(),
  receivedAt: z.number(),
}) satisfies z.ZodType<TaskEvent>;

const update = z.object({
  id: z.string(),
  createdAt: z.number(),
  status: incidentStatus,
  updater: z.union([
    z.object({ kind: z.literal('api_key'), id: z.string(), name: z.string() }),
    z.object({ kind: z.literal('other'), name: z.string() }),
  ]),
  message: z.string().optional(),
  severity: z.object({ id: z.string(), name: z.string() }).optional(),
}) satisfies z.ZodType<IncidentUpdate>;

const entry = z.object({
  incident: z.string(),
  /** How the incident and its follow-ups looked in the lists, and which trackers were asked. */
  looks: z.string(),
  readAt: z.number(),
  updates: z.array(update),
  tasks: z.array(z.tuple([z.string(), event])),
  unread: z.array(z.tuple([z.string(), z.string()])),
});
export type ProgressEntry = z.infer<typeof entry>;

/** How an incident and its follow-ups look in the lists. `asked`: the trackers that are asked. */
export function listedFingerprint(
  { updatedAt, status }: Incident,
  followUps: readonly FollowUp[],
  asked: readonly string[],
): string {
  const rows = followUps.map((row) => `${row.id}:${row.updatedAt}:${row.status}`).sort();
  return [status.id, updatedAt, ...asked, ...rows].join(' ');
}

/** Something else is in the file: it is left as it is. */
export class NoProgressFileError extends Error {
  override readonly name = 'NoProgressFileError';
  constructor(path: string) {
    super(`${path} is there and is no progress file of \`backtest\`: name another one with --progress-file.`);
  }
}

export class ProgressFile {
  readonly #path: string;
  readonly #lines: Map<string, string>;

  private constructor(path: string, lines: Map<string, string>) {
    this.#path = path;
    this.#lines = lines;
  }

  /** Opens the file, or begins a new one, also where it is of another organisation. Throws if it cannot be written. */
  static async open(path: string, organisation: string): Promise<ProgressFile> {
    const [first = '', ...rest] = (await readFile(path, 'utf8').catch(ifThere))?.split('\n') ?? [];
    const known = header.safeParse(parsed(first)).data;
    if (known === undefined && first !== '') throw new NoProgressFileError(path);
    const isOurs = known?.organisation === organisation;
    const lines = new Map<string, string>();
    // The newest of an incident counts; one that was cut off is none.
    if (isOurs)
      for (const line of rest) {
        const found = entry.safeParse(parsed(line));
        if (found.success) lines.set(found.data.incident, line);
      }
    const text = [JSON.stringify({ backtest: 1, organisation }), ...lines.values()].join('\n');
    // Whole, or not at all; for the eyes of whoever runs it.
    await writeFile(`${path}.new`, `${text}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
    return new ProgressFile(path, lines);
  }

  /** What was read of an incident that looks so, once, unless that is too long ago (`now` is ours, ms). */
  take(incident: string, fingerprint: string, now: number): ProgressEntry | undefined {
    const found = entry.safeParse(parsed(this.#lines.get(incident) ?? '')).data;
    this.#lines.delete(incident);
    return found?.looks === fingerprint && now - found.readAt < FRESH ? found : undefined;
  }

  async add(entries: readonly ProgressEntry[]): Promise<void> {
    const lines = entries.map((one) => JSON.stringify({ ...one, updates: one.updates.map(withoutPeople) }));
    if (lines.length > 0) await appendFile(this.#path, `${lines.join('\n')}\n`);
  }
}

/** Only whether it is one of our announcements matters of what people wrote, and not who they are. */
function withoutPeople({ message, updater, ...rest }: IncidentUpdate): IncidentUpdate {
  return {
    ...rest,
    updater: updater.kind === 'api_key' ? updater : { kind: 'other', name: '' },
    ...(isAnnouncement(message) && { message }),
  };
}

function parsed(line: string): unknown {
  return line === '' ? undefined : parsedJson(line);
}

function ifThere(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
