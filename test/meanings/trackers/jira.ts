import { jira as tracker } from '../../../src/trackers/jira/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, newId, SECRET, sent } from './common.ts';
import { jiraAnswer } from './jira-api.ts';
import { type Item, JiraIssues } from './jira-issue.ts';
import { CUSTOM, LINKS, MARKS, PANELS, SENDERS, SHAPES } from './jira-shapes.ts';

/**
 * Jira, Cloud and Data Center. https://developer.atlassian.com/cloud/jira/platform/webhooks/ ; recordings:
 * https://github.com/zulip/zulip/tree/main/zerver/webhooks/jira/fixtures (change_status_v1: a post function).
 * Automation: https://support.atlassian.com/cloud-automation/docs/issue-data-automation-format-payload-for-send-web-request
 */

export class Jira extends JiraIssues implements Site {
  readonly tracker = tracker;
  readonly provider: string;
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = ['an issue of a project without rights'];
  readonly tick = 1;
  readonly isOrdered: boolean;
  readonly sender: (typeof SENDERS)[number] | undefined;
  /** What the answers of the API lack. */
  readonly lacks: 'resolution' | 'category' | undefined;
  /** Whether the token may read who changed an issue. */
  readonly tellsWho: boolean;
  /** By which names post functions called what they led to. */
  private readonly announced = new Map<Task, Set<string>>();

  constructor(draw: Draw, world: World) {
    const wantsRule = draw.isFeatured(MARKS.map((mark) => `a rule closes what is labelled ${mark}`));
    const isCloud = wantsRule || !draw.wants('Data Center', 35);
    const underPath = !isCloud && draw.wants('Data Center under a path', 30);
    super(
      draw,
      world,
      isCloud,
      isCloud ? 'acme.atlassian.net' : underPath ? 'tools.acme.example/jira' : 'jira.acme.example',
    );
    if (!isCloud) draw.use(underPath ? 'Data Center under a path' : 'Data Center');
    this.provider = isCloud ? 'jira' : 'jira_server';
    this.hasToken = !draw.has('no token', 40);
    this.env = {
      JIRA_WEBHOOK_SECRET: SECRET,
      ...(this.hasToken && {
        JIRA_API_TOKEN: isCloud ? 'closer@acme.example:token' : 'personal-access-token',
        JIRA_URL: `https://${this.site}`,
      }),
    };
    this.sender = wantsRule ? undefined : draw.one(SENDERS, 12);
    const isTimed = isCloud && this.sender !== 'Automation with the body of our documentation';
    this.isOrdered = this.sender !== undefined && !isTimed;
    this.lacks = !this.hasToken
      ? undefined
      : draw.wants('no resolution in the answer')
        ? 'resolution'
        : draw.wants('no category in the answer', 8)
          ? 'category'
          : undefined;
    const isWebhook = this.sender === undefined;
    this.tellsWho = !draw.wants('changelogs that the token may not read', 15);
    this.can = {
      // The body of our documentation names neither time nor original.
      duplicates: this.sender === 'Automation with the body of our documentation' ? 'api' : 'webhook',
      across: true,
      machines: isWebhook && isCloud ? 'always' : 'never',
      closerInApi: isCloud && this.tellsWho,
      moves: isWebhook,
      movesClosed: true,
      renames: false,
      deletes: isWebhook,
      // Where only the status tells both apart, no field of the API dates the change between them.
      straight: isWebhook && !(this.hasToken && this.isDeclinedByStatus),
      declines: true,
    } as const;
  }

  link(task: Task): string {
    const { draw } = this;
    const home = `https://${this.site}`;
    const key = this.keyOf(task.now);
    const [project] = key.split('-');
    const under = () => this.keyOf(this.world.addDecoy(task.now.place, task.now.number + 700).now);
    const base = this.isCloud ? `${home}/jira/software/c/projects/${project}` : `${home}/projects/${project}`;
    switch (draw.one(PANELS, 25)) {
      case 'an issue over a board':
        return this.isCloud
          ? `${base}/boards/1?selectedIssue=${key}`
          : `${home}/secure/RapidBoard.jspa?rapidView=1&view=detail&selectedIssue=${key}`;
      case 'an issue over another one':
        return `${home}/browse/${under()}?selectedIssue=${key}`;
      case 'an issue of a queue':
        return this.isCloud
          ? `${home}/jira/servicedesk/projects/${project}/queues/custom/1/${key}`
          : `${home}/projects/${project}/queues/custom/1/${key}`;
      case 'an issue of a portal':
        return `${home}/servicedesk/customer/portal/1/${key}`;
    }
    switch (draw.one(LINKS, 25)) {
      case 'a link with a comment':
        return `${home}/browse/${key}?focusedCommentId=10010#comment-10010`;
      case 'a link to the list of a project':
        return `${home}/projects/${project}/issues/${key}?filter=allopenissues`;
      case 'a link in small letters':
        return `${home}/browse/${key.toLowerCase()}`;
      default:
        return `${home}/browse/${key}`;
    }
  }

  render(change: Change): Rendered {
    const { task, what, before, after } = change;
    const { draw } = this;
    if (this.sender !== undefined) return this.automation(change);
    const touch = what === 'touch' || task.isDecoy ? draw.one(CUSTOM, 20) : undefined;
    const items = [...this.itemsOf(change), ...(touch === undefined ? [] : [this.custom(touch, task)])];
    if (after.state === 'deleted')
      return { sent: [this.webhook('jira:issue_deleted', task, before, change.at, [])], tells: true };
    const webhook = this.webhook('jira:issue_updated', task, after, change.at, items);
    const all: Sent[] = [webhook];
    if (draw.has('events of other kinds')) all.unshift(this.comment(task, after, change.at));
    if (what !== 'state') return { sent: all, tells: true };
    return this.withPostFunction(change, all);
  }

  /** A post function runs within the transition: the issue is as it was before, the transition names what comes. */
  private withPostFunction({ task, before, after, at }: Change, all: Sent[]): Rendered {
    const { draw } = this;
    // It bears the name of its user alone: of a machine nobody would know.
    const isAlone = after.by === 'person' && draw.has('a post function alone', 5);
    const beside = !isAlone && draw.has('a post function beside the webhook');
    const known = this.announced.get(task) ?? new Set();
    const now = this.statusName(task, after);
    const tells = !isAlone && [...known].every((name) => name === now);
    if (isAlone || beside) {
      const body = this.transition(task, before, after, before, at);
      // A loop of the workflow tells nothing of where it leads.
      const isLoop = this.statusName(task, before) === now;
      this.announced.set(task, known.add(isLoop ? 'a loop' : now));
      return {
        sent: isAlone ? [body] : draw.chance(50) ? [body, ...all] : [...all, body],
        tells: tells && !isLoop,
      };
    }
    if (draw.has('a post function that agrees', 6))
      return { sent: [...all, this.transition(task, before, after, after, at)], tells };
    return { sent: all, tells };
  }

  private statusName(task: Task, now: Snapshot): string {
    return this.issue(task, now).fields.status.name;
  }

  private transition(task: Task, before: Snapshot, after: Snapshot, shown: Snapshot, at: number): Sent {
    const transition = {
      workflowId: 10200,
      workflowName: 'Ops',
      transitionId: 3,
      transitionName: 'Go on',
      from_status: this.statusName(task, before),
      to_status: this.statusName(task, after),
    };
    const body = {
      transition,
      comment: '',
      user: { name: 'ada', displayName: 'Ada' },
      issue: this.issue(task, shown),
      timestamp: at,
    };
    return sent(body, (text) => this.headers(text));
  }

  private custom(shape: (typeof CUSTOM)[number], task: Task): Item {
    const field = shape.replace('a custom field called ', '');
    const own = { fieldtype: 'custom', fieldId: 'customfield_10050' };
    if (field === 'Key') {
      // Whatever people write there may be the key of another issue.
      const other = this.world.tasks.find((one) => one !== task && !one.isDecoy) ?? task;
      return { field, ...own, from: null, fromString: this.keyOf(other.now), to: null, toString: 'primary' };
    }
    return { field, ...own, from: '10100', fromString: 'Root cause found', to: null, toString: null };
  }

  private webhook(event: string, task: Task, now: Snapshot, at: number, items: Item[]): Sent {
    const isOld = !this.isCloud && this.draw.has('an older release without ids of fields', 20);
    const shown = items.map(({ fieldId, ...item }) =>
      isOld && item.fieldtype === 'jira' ? item : { fieldId, ...item },
    );
    const body = {
      // Written a little after what it tells of.
      timestamp: at + this.draw.choose(3),
      webhookEvent: event,
      issue_event_type_name: 'issue_generic',
      user: this.userOf(now),
      issue: this.issue(task, now),
      ...(event === 'jira:issue_updated' && { changelog: { id: String(at % 100_000), items: shown } }),
    };
    return sent(body, (text) => this.headers(text));
  }

  userOf({ by, state }: Snapshot): Record<string, unknown> {
    if (!this.isCloud) return { name: 'ada', key: 'ada', displayName: 'Ada', active: true };
    return by === 'machine' && state !== 'open'
      ? { accountId: '557058:1', accountType: 'app', displayName: 'Automation for Jira' }
      : { accountId: '5c5f880629be', accountType: 'atlassian', displayName: 'Ada' };
  }

  private headers(body: string): Record<string, string> {
    return {
      'x-hub-signature': `sha256=${hmac(body)}`,
      'x-atlassian-webhook-identifier': newId(),
      'user-agent': 'Atlassian HttpClient',
    };
  }

  private comment(task: Task, now: Snapshot, at: number): Sent {
    const body = {
      timestamp: at,
      webhookEvent: 'comment_created',
      comment: { body: 'done' },
      issue: this.issue(task, now),
    };
    return sent(body, (text) => this.headers(text));
  }

  private automation({ task, what, after }: Change): Rendered {
    // Its rule runs for transitions alone.
    if (what !== 'state') return { sent: [], tells: false };
    const issue = this.issue(task, after);
    const { fields } = issue;
    const custom = {
      key: issue.key,
      id: issue.id,
      url: `https://${this.site}/browse/${issue.key}`,
      fields: {
        status: { name: fields.status.name, statusCategory: { key: fields.status.statusCategory.key } },
        resolution: { name: fields.resolution?.name ?? '' },
      },
    };
    const own = { ...issue, id: Number(issue.id), changelog: { histories: null } };
    const body =
      this.sender === 'Automation in the format of Jira'
        ? { issue }
        : this.sender === 'Automation in its own format'
          ? own
          : custom;
    // The body of our documentation names no original.
    const tells = after.state !== 'duplicate' || body !== custom;
    return { sent: [sent(body, () => ({ 'x-incident-closer-secret': SECRET }))], tells };
  }

  answer(asked: Asked): Answer {
    return jiraAnswer(this, asked);
  }

  shows({ now }: Task): boolean {
    if (this.lacks === 'category') return false;
    return this.lacks !== 'resolution' || !isClosed(now);
  }
}

export const jira: Dialect = {
  name: 'jira',
  shapes: SHAPES,
  stories: {
    ...Object.fromEntries(MARKS.map((mark) => [`a rule closes what is labelled ${mark}`, 'machine'])),
    'a machine in the changelog': 'machine',
    'changelogs that the token may not read': 'declined',
    'declined by its status': 'declined',
    'Will not be done in other words': 'declined',
    'a resolution that stays when it is reopened': 'reopened',
  },
  open: (draw, world) => new Jira(draw, world),
};
