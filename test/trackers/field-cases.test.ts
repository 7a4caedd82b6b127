/**
 * Small inputs made after public bug reports and recordings, each with its right reading. They are kept beside the
 * project (or in `FIELD_CASES`); where they are not, these tests are skipped. What they stand for is tried without them
 * in `readings.test.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { taskKeyOf, trackerByName } from '../../src/trackers/index.ts';
import type { Tracker } from '../../src/trackers/tracker.ts';
import type { Translation } from '../../src/trackers/translation.ts';
import { samples } from './all-samples.ts';
import { AT, defaultsOf } from './samples.ts';

const folder = process.env.FIELD_CASES ?? join(import.meta.dirname, '../../../shared/field-cases');
const index = join(folder, 'index.json');

const linkSchema = z.object({
  url: z.string(),
  provider: z.string(),
  /** Whether it is a link of the task of the file, or of which other task it is one. */
  is: z.union([z.boolean(), z.string()]).optional(),
  notTask: z.string().optional(),
});
const caseSchema = z.object({
  file: z.string(),
  tracker: z.string(),
  headers: z.record(z.string(), z.string()),
  expect: z.object({
    outcome: z.string(),
    task: z.string().optional(),
    canonical: z.string().optional(),
    also: z.array(z.string()).default([]),
    by: z.string().optional(),
    occurredAt: z.string().optional(),
  }),
  links: z.array(linkSchema).default([]),
});
type Case = z.infer<typeof caseSchema>;

function trackerOf({ tracker }: Case): Tracker {
  const found = trackerByName(tracker);
  if (found === undefined) throw new Error(`there is no tracker ${tracker}`);
  return found;
}

async function translationOf(one: Case, tracker: Tracker): Promise<Translation> {
  const of = samples[tracker.name];
  if (of === undefined) throw new Error(`${tracker.name} has no samples`);
  const body = readFileSync(join(folder, one.file));
  const secret = of.secret ?? 'secret';
  const receivedAt = of.sentAt?.(body) ?? AT;
  const received = { headers: { ...of.headers(body, secret), ...lowered(one.headers) }, body, receivedAt };
  delete received.headers.authorization;
  expect(await tracker.verify(received, [secret])).toBe(true);
  return tracker.translate(received, defaultsOf(tracker));
}

function lowered(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What a translation is in the words of the index. */
function outcomeOf(translation: Translation): string {
  if (translation.kind !== 'events') return translation.kind;
  const [event] = translation.tasks;
  return event?.state ?? (translation.hints.length > 0 ? 'hint' : 'nothing');
}

describe.skipIf(!existsSync(index))(`the field cases of ${index}`, () => {
  const cases = existsSync(index) ? z.array(caseSchema).parse(JSON.parse(readFileSync(index, 'utf8'))) : [];
  it.each(cases)('$file', async (one) => {
    const tracker = trackerOf(one);
    const { outcome, also, task, by, canonical, occurredAt } = one.expect;
    const translation = await translationOf(one, tracker);
    const got = outcomeOf(translation);
    const right = [outcome, ...also.map((words) => words.split(',')[0] ?? words)];
    expect(right, JSON.stringify(translation)).toContain(got);
    if (translation.kind !== 'events') return;
    const key = task === undefined ? undefined : tracker.taskKey(task);
    const told = [...translation.tasks, ...translation.hints];
    if (key !== undefined) expect(told.map((event) => event.task)).toContain(key);
    const [event] = translation.tasks;
    if (event !== undefined && by !== undefined && !also.includes(event.by)) expect(event.by).toBe(by);
    if (event !== undefined && canonical !== undefined)
      expect(event.canonical).toBe(tracker.taskKey(canonical));
    if (event !== undefined && occurredAt !== undefined)
      expect(event.occurredAt).toBe(Date.parse(occurredAt));
    for (const { url, provider, is, notTask } of one.links) {
      const linked = taskKeyOf(provider, url);
      const keys = told.flatMap((about) => [about.task, ...about.aliases]);
      if (is === true) expect(keys).toContain(linked);
      else if (is === false) expect(keys).not.toContain(linked);
      else if (is !== undefined) expect(linked).toBe(tracker.taskKey(is));
      if (notTask !== undefined) expect(linked).not.toBe(tracker.taskKey(notTask));
    }
  });
});

if (!existsSync(index))
  it(`the field cases are NOT read: ${index} is not here`, ({ skip }) => {
    process.stderr.write(
      `\nNo field case was read: there is no ${index}. FIELD_CASES says where they are.\n`,
    );
    skip();
  });
