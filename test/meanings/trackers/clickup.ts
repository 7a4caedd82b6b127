import { clickup as tracker } from '../../../src/trackers/clickup/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, pathOf, SECRET, sent } from './common.ts';

/**
 * ClickUp. https://developer.clickup.com/docs/webhooktaskpayloads, https://developer.clickup.com/reference/gettask ;
 * statuses: https://github.com/api-evangelist/clickup (json-schema/clickup-status-schema.json)
 */

const LINKS = [
  'a link with the workspace',
  'a link with a custom id',
  'a link with a comment',
  'a host of its own',
] as const;
/** Bodies that tell that the status changed, and not to what: only a token tells that. */
const UNTOLD = ['without the history', 'a status by its id alone'] as const;
const UNTOLD_FOR_GOOD = [
  'without the history, and no token',
  'a status by its id alone, and no token',
] as const;
const BODIES = [
  'repeated by taskUpdated',
  'the type beside the status',
  'several changes in one delivery',
] as const;
const FAILURES = [
  ['one task answers 500', { status: 500, body: { err: 'Internal server error', ECODE: 'ITEM_087' } }],
  [
    'one task is of a team that is not authorized',
    { status: 401, body: { err: 'Team not authorized', ECODE: 'OAUTH_027' } },
  ],
  ['one task is of another team', { status: 401, body: { err: 'Team not authorized', ECODE: 'OAUTH_033' } }],
  ['one task is not found', { status: 404, body: { err: 'Task not found', ECODE: 'ITEM_013' } }],
  ['one task answers 400', { status: 400, body: { err: 'Task ID invalid', ECODE: 'INPUT_003' } }],
] as const;
/** How Lists name what will not be done, among their statuses of the types done and closed. */
const WORDS = ["Won't do", 'wont-do', 'WONT FIX', 'Canceled', 'rejected', 'Obsolete'];

const SHAPES = [
  ...LINKS,
  ...BODIES,
  ...UNTOLD,
  ...UNTOLD_FOR_GOOD,
  ...FAILURES.map(([name]) => name),
  'no token',
  'a closed status by another name',
  'an open status called complete',
  'an open status called cancelled',
  'a status of the type done',
  'Will not be done in other words',
  'an automation declines',
  'events of other kinds',
];

class ClickUp implements Site {
  readonly tracker = tracker;
  readonly provider: string;
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = FAILURES.map(([name]) => name);
  readonly tick = 1;
  private readonly draw: Draw;
  private readonly world: World;
  private readonly openName: string;
  /** Tasks of which only was told that they changed. */
  private readonly untold = new Set<Task>();
  private readonly doneName: string;
  private readonly doneType: string;
  private readonly word: string;
  private readonly failure: (typeof FAILURES)[number];

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.provider = draw.pick(['click_up', 'clickup']);
    this.hasToken = !draw.has('no token', draw.isFeatured(UNTOLD_FOR_GOOD) ? 100 : 40);
    this.env = { CLICKUP_WEBHOOK_SECRET: SECRET, ...(this.hasToken && { CLICKUP_API_TOKEN: 'pk_1_TOKEN' }) };
    this.openName = draw.has('an open status called complete', 12)
      ? 'Complete'
      : draw.has('an open status called cancelled', 12)
        ? 'Cancelled'
        : 'in progress';
    this.doneName = draw.has('a closed status by another name', 20) ? 'ausgeliefert' : 'complete';
    this.doneType = draw.has('a status of the type done', 40) ? 'done' : 'closed';
    this.word = draw.wants('Will not be done in other words', 30) ? draw.pick(WORDS) : 'cancelled';
    const failure = draw.wantsOne(FAILURES.map(([name]) => name));
    this.failure = FAILURES.find(([name]) => name === failure) ?? FAILURES[3];
    this.can = {
      duplicates: 'never',
      across: true,
      machines: 'where it declines',
      closerInApi: false,
      moves: false,
      movesClosed: false,
      renames: false,
      deletes: true,
      straight: true,
      declines: true,
    } as const;
  }

  private id({ place, number }: Pick<Snapshot, 'place' | 'number'>): string {
    return `86c${place}x${number}z`;
  }

  private customId({ place, number }: Pick<Snapshot, 'place' | 'number'>): string {
    return `OPS_${place}-${number}`;
  }

  link(task: Task): string {
    const id = this.id(task.now);
    // A custom id is told by nobody but the API.
    const links = LINKS.filter((one) => one !== 'a link with a custom id' || this.hasToken);
    switch (this.draw.one(links, 50)) {
      case 'a link with the workspace':
        return `https://app.clickup.com/t/9012345/${id}`;
      case 'a link with a custom id':
        return `https://app.clickup.com/t/9012345/${this.customId(task.now)}`;
      case 'a link with a comment':
        return `https://app.clickup.com/t/${id.toUpperCase()}?comment=9012&threadedComment=1`;
      case 'a host of its own':
        return `https://acme.clickup.com/t/${id}`;
      default:
        return `https://app.clickup.com/t/${id}`;
    }
  }

  private statusOf({ state }: Snapshot): { status: string; type: string } {
    if (state === 'declined') {
      if (this.word !== 'cancelled') this.draw.use('Will not be done in other words');
      return { status: this.word, type: this.doneType };
    }
    return state === 'done'
      ? { status: this.doneName, type: this.doneType }
      : { status: this.openName, type: 'custom' };
  }

  render({ task, what, before, after, at }: Change): Rendered {
    const { draw } = this;
    const base = { task_id: this.id(after), webhook_id: '7fa3ec74-69a8-4530-a251-8a13730bd204' };
    const item = (field: string, more: object) => ({
      id: `${task.id}${at}`,
      type: 1,
      date: String(at),
      field,
      parent_id: '162641062',
      source: null,
      user: this.userOf(after),
      ...more,
    });
    const assigned = item('assignee_add', { id: `a${task.id}${at}`, before: null, after: { id: 183 } });
    const all: Sent[] = draw.has('events of other kinds')
      ? [this.sign({ event: 'taskCommentPosted', ...base })]
      : [];
    if (what !== 'state')
      return {
        sent: [...all, this.sign({ event: 'taskUpdated', history_items: [assigned], ...base })],
        tells: true,
      };
    if (after.state === 'deleted')
      return { sent: [...all, this.sign({ event: 'taskDeleted', ...base })], tells: true };
    const to = this.statusOf(after);
    const plain = item('status', {
      data: { status_type: to.type },
      before: this.statusOf(before),
      after: to,
    });
    const told = (history_items: unknown[], event = 'taskStatusUpdated') =>
      this.sign({ event, history_items, ...base });
    const untold = after.by === 'machine' ? [] : this.hasToken ? UNTOLD : UNTOLD_FOR_GOOD;
    // A body that tells nothing can also come last, and nobody can be asked then.
    const tells = this.hasToken || !this.untold.has(task);
    switch (draw.one([...BODIES, ...untold], 40)) {
      case 'repeated by taskUpdated':
        return { sent: [...all, told([plain], 'taskUpdated'), told([plain])], tells };
      case 'without the history':
      case 'without the history, and no token':
        this.untold.add(task);
        return { sent: [...all, this.sign({ event: 'taskStatusUpdated', ...base })], tells: false };
      case 'a status by its id alone':
      case 'a status by its id alone, and no token':
        this.untold.add(task);
        return {
          sent: [...all, told([item('status', { before: null, after: 'sc9012_abc' })])],
          tells: false,
        };
      case 'the type beside the status':
        return {
          sent: [...all, told([{ ...plain, after: { status: to.status, color: '#6bc950' } }])],
          tells,
        };
      case 'several changes in one delivery':
        return { sent: [...all, told([assigned, plain])], tells };
      default:
        return { sent: [...all, told([plain])], tells };
    }
  }

  private userOf({ by, state }: Snapshot): Record<string, unknown> {
    if (by !== 'machine' || state !== 'declined') return { id: 183, username: 'Ada', initials: 'A' };
    this.draw.use('an automation declines');
    return { id: -1, username: 'ClickBot', initials: 'C' };
  }

  private sign(body: unknown): Sent {
    return sent(body, (text) => ({ 'x-signature': hmac(text) }));
  }

  answer(asked: Asked): Answer {
    const { path, query } = pathOf(asked);
    const [name = ''] = path.split('/').slice(-1);
    const isCustom = query.get('custom_task_ids') === 'true';
    const task = this.world.tasks.find(({ now }) =>
      isCustom ? this.customId(now) === name.toUpperCase() : this.id(now) === name.toLowerCase(),
    );
    // https://developer.clickup.com/docs/common_errors : for what is not there too
    if (task === undefined || task.now.state === 'deleted')
      return { status: 401, body: { err: 'Team not authorized', ECODE: 'OAUTH_027' } };
    if (task.isBroken) {
      const [shape, answer] = this.failure;
      this.draw.use(shape);
      return answer;
    }
    const { now } = task;
    const since = isClosed(now) ? String(now.since) : null;
    return {
      status: 200,
      body: {
        id: this.id(now),
        custom_id: this.customId(now),
        name: `Task ${task.id}`,
        status: { ...this.statusOf(now), color: '#6bc950' },
        date_created: String(task.createdAt),
        date_updated: String(now.updatedAt),
        date_done: since,
        date_closed: this.doneType === 'closed' ? since : null,
        team_id: '9012345',
        url: `https://app.clickup.com/t/${this.id(now)}`,
      },
    };
  }

  shows(): boolean {
    return true;
  }
}

export const clickup: Dialect = {
  name: 'clickup',
  shapes: SHAPES,
  stories: { 'Will not be done in other words': 'declined', 'an automation declines': 'machine' },
  open: (draw, world) => new ClickUp(draw, world),
};
