/**
 * The bodies that Jira sends. A webhook: https://developer.atlassian.com/cloud/jira/platform/webhooks/ . A rule of
 * Jira Automation sends the issue alone, with or without a frame around it:
 * https://support.atlassian.com/cloud-automation/docs/issue-data-automation-format-payload-for-send-web-request
 */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import { parseJson, schemaMismatch } from '../body.ts';
import { ignored, malformed, type Translation } from '../translation.ts';
import { locate, siteOf, siteOfBase } from './permalink.ts';
import { type Item, issueSchema, itemSchema, type JiraIssue } from './state.ts';
import { type JiraUser, userSchema } from './who.ts';

const frameSchema = z.object({
  webhookEvent: z.string().nullish(),
  issue_event_type_name: z.string().nullish().catch(null),
  /** ms; old versions write it as a text, and then the issue's own times count. */
  timestamp: z.number().nullish().catch(null),
  user: userSchema.nullish().catch(null),
  /** What a workflow's post function adds: the names of the statuses that the transition leads from and to. */
  transition: z
    .object({ from_status: z.string().nullish().catch(null), to_status: z.string().nullish().catch(null) })
    .nullish()
    .catch(null),
  changelog: z
    .object({ items: z.array(itemSchema).nullish() })
    .nullish()
    .catch(null),
  issue: z.unknown().optional(),
  key: z.unknown().optional(),
});

const EVENT = /^jira:issue_(created|updated|deleted)$/;

/** The contents of a payload, wherever they were in it. */
export interface JiraPayload {
  /** A rule of Jira Automation sends the state and not what changed. */
  event: 'created' | 'updated' | 'deleted' | 'reported';
  site: string;
  issue: JiraIssue;
  /** What changed, if the payload has it. */
  items: readonly Item[];
  /** The status that a workflow's transition leads to, by its name. */
  toStatus: string | undefined;
  /** The status from which it leads. */
  fromStatus: string | undefined;
  /** Jira's name for what happened: `issue_resolved`, `issue_reopened`; admins can add more. */
  type: string | undefined;
  /** When it happened, ms. */
  at: number | undefined;
  user: JiraUser | undefined;
}

/** Parses a payload, or says what it is instead. `hosts`: pairs of sites, `inner=outer`. */
export function readPayload(body: Buffer, hosts: readonly string[]): JiraPayload | Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const frame = frameSchema.safeParse(json).data;
  if (frame === undefined) return malformed('the body is not what Jira sends');
  const name = frame.webhookEvent;
  const kind = EVENT.exec(name ?? '')?.[1];
  if (name && kind === undefined)
    return ignored(`the event "${bounded(name, 50)}" says nothing about an issue's state`);
  if (frame.issue === undefined && frame.key === undefined)
    return ignored('the body has no issue: leave "Exclude body" off in the webhook');
  const parsed = issueSchema.safeParse(frame.issue ?? json);
  if (!parsed.success) return ignored(`the body has no whole issue: ${schemaMismatch(parsed.error)}`);
  const issue = parsed.data;
  const site = siteFor(issue, hosts);
  if (site === undefined) return ignored('the body does not say at which address the issue is');
  if (site.startsWith('api.atlassian.com/'))
    return ignored(
      `the body names its site by an id only: set JIRA_HOSTS to ${site}=<the host of your site> to have it read`,
    );
  return {
    event: kind === 'created' || kind === 'updated' || kind === 'deleted' ? kind : 'reported',
    site,
    issue,
    items: frame.changelog?.items ?? [],
    toStatus: frame.transition?.to_status ?? undefined,
    fromStatus: frame.transition?.from_status ?? undefined,
    type: frame.issue_event_type_name ?? undefined,
    at: isTime(frame.timestamp) ? frame.timestamp : undefined,
    user: frame.user ?? undefined,
  };
}

/** By its own address, or, if that is missing, by those of its parts: all are on one site. */
function siteFor({ url, self, fields }: JiraIssue, hosts: readonly string[]): string | undefined {
  const site = [
    locate(url ?? '')?.site,
    ...[self, fields.project?.self, fields.status?.self].map((address) => siteOf(address ?? '')),
  ].find((found) => found !== undefined);
  for (const pair of hosts) {
    const [inner = '', outer = ''] = pair.split('=').map((part) => siteOfBase(part.trim()));
    if (inner === site && outer !== '') return outer;
  }
  return site;
}

/** Milliseconds of some day since 2001. */
function isTime(value: number | null | undefined): value is number {
  return typeof value === 'number' && value > 1e12 && value < 1e14;
}
