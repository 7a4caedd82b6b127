import { z } from 'zod';
import { parseYaml } from '../../policy/yaml-file.ts';
import { duration as durationKind, NotAllowed } from '../../settings/kinds.ts';

/** The file of `policy test`: incidents as a team describes them, and what is to be decided about each. */

const text = z.string({ error: 'a text' }).trim().min(1, 'a text that is not empty');
const texts = z
  .union([text, z.array(text)], { error: 'a text, or a list of them' })
  .transform((value) => [value].flat());
const yesOrNo = z.boolean({ error: 'true or false' });

const TIME = 'a time such as 2026-01-14T12:00:00Z';
const time = z.iso.datetime({ offset: true, error: TIME }).transform((value) => Date.parse(value));

const DURATION = 'a duration such as 90s, 5m, 2h or 3d, of 20 days at most';
const durations = durationKind();
const duration = z.string({ error: DURATION }).transform((value, context) => {
  try {
    return durations.parse(value);
  } catch (error) {
    if (!(error instanceof NotAllowed)) throw error;
    context.addIssue({ code: 'custom', message: DURATION });
    return z.NEVER;
  }
});

const oneOf = <const T extends readonly string[]>(names: T) =>
  z.enum(names, { error: `one of ${names.join(', ')}` });

const incident = z.strictObject(
  {
    severity: text.optional(),
    incident_type: text.optional(),
    mode: text.default('standard'),
    visibility: oneOf(['public', 'private']).default('public'),
    custom_field: z.record(text, texts, { error: 'fields, each with its values' }).default({}),
    /** The name of its status. */
    status: text.optional(),
    category: oneOf(['active', 'post-incident', 'closed', 'paused']).default('post-incident'),
    /** Those that are filled. */
    roles: texts.default([]),
    has_postmortem: yesOrNo.default(false),
    debriefs_end: z.union([time.transform((at) => [at]), z.array(time)], { error: TIME }).default([]),
    /** How long ago it entered its post-incident flow, and for how long nothing has stood in its way. */
    resolved_for: duration.optional(),
    ready_for: duration.optional(),
    held: yesOrNo.default(false),
  },
  { error: 'what there is to say of the incident' },
);
export type DescribedIncident = z.infer<typeof incident>;

const taskState = oneOf(['done', 'declined', 'open', 'reopened', 'deleted']);
const task = z.strictObject(
  {
    state: taskState,
    by: oneOf(['person', 'automation', 'unknown']).default('person'),
    actor: text.optional(),
    labels: texts.optional(),
  },
  { error: 'a state of the task, or state, by, actor and labels' },
);

const followUp = z.strictObject(
  {
    status: oneOf(['outstanding', 'completed', 'not_doing', 'deleted']).optional(),
    priority: text.optional(),
    labels: texts.default([]),
    task: z
      .union(
        [
          taskState.transform((state) => ({
            state,
            by: 'person' as const,
            actor: undefined,
            labels: undefined,
          })),
          task,
        ],
        {
          error: 'a state of the task, or state, by, actor and labels',
        },
      )
      .optional(),
  },
  { error: 'status, priority, labels and task' },
);
export type DescribedFollowUp = z.infer<typeof followUp>;

const verdict = oneOf(['close', 'resolve', 'wait', 'leave']);
const expected = z.strictObject(
  { verdict, reason: text.optional(), rule: text.optional(), until: time.optional() },
  { error: 'a verdict, or verdict, reason, rule and until' },
);

const oneCase = z.strictObject(
  {
    name: text,
    at: time.prefault('2026-01-14T12:00:00Z'),
    incident: incident.prefault({}),
    follow_ups: z
      .array(followUp, { error: 'a list of follow-ups' })
      .default([{ status: 'completed', labels: [] }]),
    expect: z.union([verdict.transform((only) => ({ verdict: only })), expected], {
      error: 'a verdict (close, resolve, wait, leave), or verdict, reason, rule and until',
    }),
  },
  { error: 'a case with name and expect' },
);
export type PolicyCase = z.infer<typeof oneCase>;

const casesFile = z.strictObject(
  { cases: z.array(oneCase, { error: 'a list of cases' }).min(1, 'one case at least') },
  { error: 'cases' },
);

/** Parses the text of a file of cases. Throws a `PolicyError` with the line of each error. */
export function parseCases(source: string, file: string): readonly PolicyCase[] {
  return parseYaml(source, file, { schema: casesFile, keysAt, what: 'The file of cases' }).data.cases;
}

function keysAt(path: readonly PropertyKey[]): string[] {
  const last = path.findLast((step) => typeof step === 'string');
  if (last === 'cases') return Object.keys(oneCase.shape);
  if (last === 'incident') return Object.keys(incident.shape);
  if (last === 'follow_ups') return Object.keys(followUp.shape);
  if (last === 'task') return Object.keys(task.shape);
  if (last === 'expect') return Object.keys(expected.shape);
  return Object.keys(casesFile.shape);
}
