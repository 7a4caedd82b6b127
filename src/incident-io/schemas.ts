import { z } from 'zod';
import { wellFormed } from '../outside-text.ts';
import type {
  CustomField,
  FollowUp,
  Identity,
  Incident,
  IncidentRole,
  IncidentStatus,
  IncidentUpdate,
  Named,
} from '../vocabulary.ts';

/**
 * incident.io's answers, only the fields that we use, and our types for them. Tolerant, as its API asks for: unknown
 * fields and unknown enum values pass, `null` means absent. A missing required field, or an invalid time, fails.
 * https://docs.incident.io/api-reference/introduction
 */
const text = z.string().transform(wellFormed);
const id = z.string().min(1).transform(wellFormed);
const time = z.iso.datetime({ offset: true, error: 'not a time' }).transform((value) => Date.parse(value));
const maybe = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);
const withId = maybe(z.object({ id }));
const named = maybe(
  z.object({ id, name: maybe(text) }).transform(({ id, name = id }): Named => ({ id, name })),
);

/** What is only shown makes nothing unreadable: whatever it is, then, it is not known. */
const shown = <S extends z.ZodType>(schema: S) => maybe(schema).catch(undefined);

const roleAssignment = z.object({
  role: z.object({ role_type: shown(text), id: shown(id), name: shown(text) }),
  assignee: maybe(z.object({ name: shown(text) })),
});

/** Unlike what is only shown, all of them have to be readable for any to count: a policy may want roles filled. */
function rolesOf(
  assignments: readonly z.output<typeof roleAssignment>[] | undefined,
): IncidentRole[] | undefined {
  const roles = assignments?.flatMap(({ role: { id, name }, assignee }) =>
    id === undefined ? [] : [{ id, name: name ?? id, isFilled: assignee !== undefined }],
  );
  return roles?.length === assignments?.length ? roles : undefined;
}

const status = z
  .object({ id, name: text, category: text, rank: z.number() })
  .transform(({ id, name, category, rank }): IncidentStatus => ({ id, name, category, rank }));

const fieldValue = z
  .object({
    value_option: maybe(z.object({ value: text })),
    value_catalog_entry: maybe(z.object({ name: text })),
    value_text: maybe(text),
    value_numeric: maybe(text),
    value_link: maybe(text),
  })
  .transform((it) =>
    [
      it.value_option?.value,
      it.value_catalog_entry?.name,
      it.value_text,
      it.value_numeric,
      it.value_link,
    ].flatMap((value) => value ?? []),
  );

const customField = z
  .object({ custom_field: z.object({ id, name: text }), values: z.array(fieldValue) })
  .transform(({ custom_field, values }): CustomField => ({ ...custom_field, values: values.flat() }));

const incident = z
  .object({
    id,
    reference: text,
    name: text,
    incident_status: status,
    mode: text,
    visibility: text,
    permalink: maybe(text),
    severity: named,
    incident_type: named,
    custom_field_entries: maybe(z.array(customField)),
    postmortem_document_ids: maybe(z.array(text)),
    postmortem_document_url: maybe(text),
    // So far only in the schema of incident.io's own SDK:
    // https://github.com/incident-io/sdk-ts/blob/main/src/models/IncidentDebriefV2.ts
    debriefs: maybe(z.array(z.object({ start_at: time, end_at: maybe(time) }))),
    created_at: shown(time),
    incident_role_assignments: shown(z.array(roleAssignment)),
    updated_at: time,
  })
  .transform((it): Incident => {
    const lead = it.incident_role_assignments?.find(({ role }) => role.role_type === 'lead')?.assignee;
    const roles = rolesOf(it.incident_role_assignments);
    const { id, reference, name, mode, visibility, permalink, severity, incident_type: type } = it;
    return {
      id,
      reference,
      name,
      mode,
      visibility,
      ...(permalink !== undefined && { permalink }),
      ...(severity && { severity }),
      ...(type && { type }),
      customFields: it.custom_field_entries ?? [],
      hasPostmortem: (it.postmortem_document_ids?.length ?? 0) > 0 || Boolean(it.postmortem_document_url),
      debriefs: (it.debriefs ?? []).map(({ start_at, end_at = start_at }) => ({
        startAt: start_at,
        endAt: end_at,
      })),
      status: it.incident_status,
      ...(it.created_at !== undefined && { createdAt: it.created_at }),
      ...(lead?.name !== undefined && { lead: lead.name }),
      ...(roles && { roles }),
      updatedAt: it.updated_at,
    };
  });

const reference = z
  .object({ provider: text, issue_name: text, issue_permalink: text })
  .transform(({ provider, issue_name, issue_permalink }) => ({
    provider,
    name: issue_name,
    permalink: issue_permalink,
  }));

/** A reference that does not match its schema makes only that follow-up's task unknown. */
const issue = z
  .unknown()
  .optional()
  .transform((value) => {
    if (value == null) return {};
    const parsed = reference.safeParse(value);
    if (parsed.success) return { reference: parsed.data };
    return { malformedReference: parsed.error.issues[0]?.path.join('.') || 'the reference itself' };
  });

const owner = maybe(z.object({ id, name: shown(text) }));

const followUp = z
  .object({
    id,
    incident_id: id,
    title: text,
    status: text,
    external_issue_reference: issue,
    created_at: time,
    updated_at: time,
    completed_at: maybe(time),
    description: maybe(text),
    assignee: owner,
    assignee_team: owner,
    category: withId,
    priority: named,
    labels: maybe(z.array(text)),
  })
  .transform((it): FollowUp => {
    const { external_issue_reference: of, completed_at, description } = it;
    const owner = it.assignee?.name ?? it.assignee_team?.name;
    return {
      id: it.id,
      incidentId: it.incident_id,
      title: it.title,
      status: it.status,
      createdAt: it.created_at,
      updatedAt: it.updated_at,
      ...of,
      ...(it.priority && { priority: it.priority }),
      ...(owner !== undefined && { owner }),
      ...(completed_at !== undefined && { completedAt: completed_at }),
      writable: {
        title: it.title,
        labels: it.labels ?? [],
        ...(description !== undefined && { description }),
        ...(it.assignee && { assigneeId: it.assignee.id }),
        ...(it.assignee_team && { assigneeTeamId: it.assignee_team.id }),
        ...(it.category && { categoryId: it.category.id }),
        ...(it.priority && { priorityId: it.priority.id }),
      },
    };
  });

const nameAlone = maybe(z.object({ name: text }));

const update = z
  .object({
    id,
    created_at: time,
    new_incident_status: status,
    new_severity: named,
    message: maybe(text),
    // An update without an updater was made by somebody other than us.
    updater: maybe(
      z.object({
        api_key: maybe(z.object({ id, name: text })),
        user: nameAlone,
        workflow: nameAlone,
        alert: maybe(z.object({ title: text })),
      }),
    ),
  })
  .transform((it): IncidentUpdate => {
    const { id, created_at, new_incident_status, new_severity, message } = it;
    const { updater } = it;
    const api_key = updater?.api_key;
    const name = updater?.user?.name ?? updater?.workflow?.name ?? updater?.alert?.title ?? 'unknown';
    return {
      id,
      createdAt: created_at,
      status: new_incident_status,
      ...(message !== undefined && { message }),
      ...(new_severity && { severity: new_severity }),
      updater: api_key ? { kind: 'api_key', id: api_key.id, name: api_key.name } : { kind: 'other', name },
    };
  });

const identity = z
  .object({ name: text, dashboard_url: text, roles: z.array(text) })
  .transform(({ name, dashboard_url, roles }): Identity => ({ name, dashboardUrl: dashboard_url, roles }));

/** One page of a list. `after` is set if there may be more. */
export interface Page<T> {
  items: T[];
  after?: string;
}

const paginationMeta = maybe(z.object({ after: maybe(text) }));

function toPage<T>(items: T[], meta: { after?: string | undefined } | undefined): Page<T> {
  // An empty `after` is no cursor.
  return meta?.after ? { items, after: meta.after } : { items };
}

export const incidentAnswer = z.object({ incident }).transform((answer) => answer.incident);
export const followUpAnswer = z.object({ follow_up: followUp }).transform((answer) => answer.follow_up);
export const identityAnswer = z.object({ identity }).transform((answer) => answer.identity);
export const statusesAnswer = z
  .object({ incident_statuses: z.array(status) })
  .transform((answer) => answer.incident_statuses);
export const incidentsPage = z
  .object({ incidents: z.array(incident), pagination_meta: paginationMeta })
  .transform((page) => toPage(page.incidents, page.pagination_meta));
export const followUpsPage = z
  .object({ follow_ups: z.array(followUp), pagination_meta: paginationMeta })
  .transform((page) => toPage(page.follow_ups, page.pagination_meta));
export const updateAnswer = z
  .object({ incident_update: update })
  .transform((answer) => answer.incident_update);
export const updatesPage = z
  .object({ incident_updates: z.array(update), pagination_meta: paginationMeta })
  .transform((page) => toPage(page.incident_updates, page.pagination_meta));
