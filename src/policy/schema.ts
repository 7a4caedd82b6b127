import { z } from 'zod';
import { duration as durationKind, NotAllowed } from '../settings/kinds.ts';
import { businessHours } from './hours-schema.ts';

/**
 * The file `incident-closer.yaml`. Unknown keys are refused, so that a typo is an error and not a rule that never
 * matches.
 */
const text = z.string({ error: 'a text' }).trim().min(1, 'a text that is not empty');
const yesOrNo = z.boolean({ error: 'true or false' });
const list = z
  .union([text, z.array(text).min(1)], { error: 'a name or id, or a list of them' })
  .transform((value) => [value].flat())
  .describe('a name or id, or a list of them; upper and lower case are the same');

const DURATION = 'a duration such as 0s, 90s, 5m, 2h or 1d, of 20 days at most';
const durations = durationKind();
const duration = z
  .string({ error: DURATION })
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, DURATION)
  .transform((value, context) => {
    try {
      return durations.parse(value);
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      context.addIssue({ code: 'custom', message: DURATION });
      return z.NEVER;
    }
  })
  .describe(DURATION);

const selector = z
  .strictObject(
    {
      labels: list.optional().describe('labels of follow-ups'),
      priorities: list.optional().describe('priorities of follow-ups, by name or id'),
    },
    { error: 'labels or priorities' },
  )
  .refine(({ labels, priorities }) => labels !== undefined || priorities !== undefined, {
    message: 'labels or priorities, at least one of them',
  })
  .transform(({ labels = [], priorities = [] }) => ({ labels, priorities }));

const MINIMUM = 'a whole number from 1 to 10000';
const visibility = z.enum(['public', 'private']);

const when = z.strictObject(
  {
    severity: list.optional().describe("the incident's severity"),
    incident_type: list.optional().describe("the incident's type"),
    mode: list.optional().describe('standard, retrospective, test or tutorial'),
    visibility: z
      .union([visibility, z.array(visibility).min(1)], { error: 'public or private' })
      .transform((value) => [value].flat())
      .optional()
      .describe('public or private'),
    custom_field: z
      .record(text, list, { error: 'fields, each with the values that fit' })
      .optional()
      .describe('custom fields by name or id, each with the values that fit'),
    label: list.optional().describe('a value of any custom field of the incident'),
  },
  { error: 'conditions, each with the values that fit' },
);

const settings = z.strictObject(
  {
    close: yesOrNo.optional().describe('false: such incidents are left to people'),
    settle_time: duration.optional(),
    min_follow_ups: z
      .number({ error: MINIMUM })
      .int(MINIMUM)
      .min(1, MINIMUM)
      .max(10_000, MINIMUM)
      .optional()
      .describe('an incident with fewer follow-ups that are done is left alone'),
    not_doing_counts: yesOrNo.optional().describe('whether a follow-up that is “not doing” counts as done'),
    declined_counts: yesOrNo
      .optional()
      .describe('whether a follow-up counts as done when its task was declined'),
    automation_counts: yesOrNo
      .optional()
      .describe('whether a task counts that automation closed (a stale bot)'),
    closings_do_not_count_of: list
      .optional()
      .describe('accounts whose closings of tasks do not count; * stands for anything'),
    closings_count_of: list
      .optional()
      .describe(
        'machines whose closings count, although they look like those of a stale bot; * stands for anything',
      ),
    inactivity_labels: list
      .optional()
      .describe('labels by which the closing of a machine counts as little as that of a stale bot'),
    not_inactivity_labels: list
      .optional()
      .describe('labels by which it counts, although they look like those of a stale bot'),
    must_be_done: selector.optional().describe('only these follow-ups have to be done'),
    may_stay_open: selector.optional().describe('these follow-ups may stay open'),
    require_postmortem: yesOrNo.optional().describe('whether the post-mortem has to be there first'),
    announce: yesOrNo
      .optional()
      .describe('false: nobody is told of such incidents, in tasks, in the incident or by webhooks'),
    notify: yesOrNo
      .optional()
      .describe('true: the closings of such incidents are told where operators are notified'),
    wait_for_debriefs: yesOrNo
      .optional()
      .describe('whether debriefs that are scheduled and not over yet are waited for'),
    min_time_resolved: duration
      .optional()
      .describe('the least time since the incident entered its post-incident flow: a duration'),
    closed_status: text.optional().describe('id or name of the status that closing moves such incidents to'),
    resolved_status: text
      .optional()
      .describe('id or name of the status that resolving moves such incidents to'),
    tracker_must_agree: yesOrNo
      .optional()
      .describe('whether a follow-up that was ticked off by hand counts only once its task is closed too'),
    business_hours: businessHours
      .optional()
      .describe('such incidents are closed and resolved within these hours only'),
    required_roles: list
      .optional()
      .describe(
        'incident roles, by name or id: all of them have to be filled before such incidents are closed',
      ),
    close_from_status: list
      .optional()
      .describe(
        'post-incident statuses, by name or id: such incidents are closed from one of them, and wait in any other',
      ),
  },
  { error: 'what holds for such incidents, or {}' },
);

const rule = z.strictObject(
  {
    name: text
      .max(100, 'a name of 100 letters at most')
      .describe('what check and the board call it; each name once'),
    when: when.optional().describe('which incidents it fits; absent: all'),
    set: settings.describe('what holds for them; what is not named here is as in the settings'),
  },
  { error: 'a rule with name, when and set' },
);

export const policyFile = z.strictObject(
  {
    paused: z
      .union([yesOrNo, text], { error: 'true, false or the reason' })
      .optional()
      .describe('true, or the reason: nothing is written to incident.io, no incident is closed'),
    rules: z
      .array(rule, { error: 'a list of rules' })
      .default([])
      .describe('from top to bottom: the first that fits an incident decides; the settings are the last'),
  },
  { error: 'paused and rules' },
);
export type PolicyFile = z.infer<typeof policyFile>;

/** The keys allowed at a place in the file. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  const last = path.findLast((step) => typeof step === 'string');
  if (last === 'when') return Object.keys(when.shape);
  if (last === 'set') return Object.keys(settings.shape);
  if (last === 'must_be_done' || last === 'may_stay_open') return ['labels', 'priorities'];
  if (last === 'business_hours') return Object.keys(businessHours.shape);
  return Object.keys(last === 'rules' ? rule.shape : policyFile.shape);
}

/** The JSON schema of the file, for editors. */
export function policySchema(): object {
  return {
    title: 'incident-closer.yaml',
    ...z.toJSONSchema(policyFile, { io: 'input', target: 'draft-7' }),
  };
}
