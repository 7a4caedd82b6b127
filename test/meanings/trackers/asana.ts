import { asana as tracker } from '../../../src/trackers/asana/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, millis, SECRET, sent } from './common.ts';

/**
 * Asana, whose webhooks say that something changed and not how. https://developers.asana.com/docs/webhooks-guide,
 * https://developers.asana.com/docs/batch-requests, https://developers.asana.com/reference/tasks (approval_status)
 */

const PANELS = ['a subtask over its parent', 'a task over the inbox', 'a task over a search'] as const;
const LINKS = [
  'an old link',
  'an old link in full screen',
  'a link with a comment',
  'a link without the project',
] as const;
const EVENTS = ['one event alone', 'a story alone', 'an event of when alone'] as const;
const FAILURES = [
  ['one task of a batch answers 500', 500],
  ['one task of a batch answers 403', 403],
  ['one task of a batch answers 404', 404],
] as const;

const SHAPES = [
  ...PANELS,
  ...LINKS,
  ...EVENTS,
  ...FAILURES.map(([name]) => name),
  'approvals',
  'changes are requested of an approval',
  'no outcome of an approval in the answer',
  'a heartbeat',
  'events of other kinds',
];

class Asana implements Site {
  readonly tracker = tracker;
  readonly provider = 'asana';
  readonly env = { ASANA_WEBHOOK_SECRET: SECRET, ASANA_API_TOKEN: '1/12:token' };
  readonly hasToken = true;
  readonly can;
  readonly failures: readonly string[] = FAILURES.map(([name]) => name);
  readonly tick = 1;
  private readonly draw: Draw;
  private readonly world: World;
  private readonly approvals: boolean;
  private readonly asksForChanges: boolean;
  private readonly lacksOutcome: boolean;
  private readonly failure: (typeof FAILURES)[number];

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.asksForChanges = draw.wants('changes are requested of an approval');
    this.lacksOutcome = draw.wants('no outcome of an approval in the answer', 4);
    this.approvals = this.asksForChanges || this.lacksOutcome || draw.wants('approvals', 35);
    if (this.approvals) draw.use('approvals');
    const failure = draw.wantsOne(FAILURES.map(([name]) => name));
    this.failure = FAILURES.find(([name]) => name === failure) ?? ['one task of a batch answers 404', 404];
    this.can = {
      duplicates: 'never',
      across: true,
      machines: 'never',
      closerInApi: false,
      moves: false,
      movesClosed: false,
      renames: false,
      deletes: true,
      straight: this.approvals,
      declines: this.approvals,
    } as const;
  }

  private gid({ place, number }: Pick<Snapshot, 'place' | 'number'>): string {
    return `12098${place}17${String(number).padStart(9, '0')}`;
  }

  link(task: Task): string {
    const { draw } = this;
    const gid = this.gid(task.now);
    const app = 'https://app.asana.com';
    const under = () => this.gid(this.world.addDecoy(task.now.place, task.now.number + 700).now);
    switch (draw.one(PANELS, 25)) {
      case 'a subtask over its parent':
        return `${app}/1/1177/project/1201/task/${under()}/subtask/${gid}`;
      case 'a task over the inbox':
        return `${app}/1/1177/inbox/9912/item/${gid}/story/55512`;
      case 'a task over a search':
        return `${app}/0/search/12015551/${gid}`;
    }
    switch (draw.one(LINKS, 50)) {
      case 'an old link':
        return `${app}/0/12015551/${gid}`;
      case 'an old link in full screen':
        return `${app}/0/0/${gid}/f`;
      case 'a link with a comment':
        return `${app}/1/1177/project/1201/task/${gid}/comment/12015559?focus=true`;
      case 'a link without the project':
        return `${app}/1/1177/task/${gid}`;
      default:
        return `${app}/1/1177/project/1201/task/${gid}`;
    }
  }

  render({ what, after, before, at }: Change): Rendered {
    const { draw } = this;
    const resource = {
      gid: this.gid(after),
      resource_type: 'task',
      resource_subtype: this.approvals ? 'approval' : 'default_task',
    };
    const base = {
      user: { gid: '9912', resource_type: 'user' },
      created_at: millis(at),
      parent: null,
      resource,
    };
    const changed = (field: string) => ({ ...base, action: 'changed', change: { field, action: 'changed' } });
    const all: Sent[] = [];
    if (draw.has('a heartbeat')) all.push(this.sign([]));
    if (what !== 'state')
      return { sent: [...all, this.sign([changed('name'), changed('assignee')])], tells: false };
    if (after.state === 'deleted')
      return { sent: [...all, this.sign([{ ...base, action: 'deleted' }])], tells: true };
    const isCompletion = isClosed(after) !== isClosed(before);
    const story = {
      ...base,
      action: 'added',
      parent: resource,
      resource: {
        gid: `77${at}`,
        resource_type: 'story',
        resource_subtype: this.approvals
          ? 'approval_status_changed'
          : isClosed(after)
            ? 'marked_complete'
            : 'marked_incomplete',
      },
    };
    const own = [
      ...(isCompletion ? [changed('completed'), changed('completed_at')] : []),
      ...(this.approvals ? [changed('approval_status')] : []),
    ];
    const others = draw.has('events of other kinds')
      ? [{ ...base, action: 'added', resource: { gid: '1', resource_type: 'tag' } }]
      : [];
    switch (draw.one(EVENTS, 30)) {
      case 'one event alone':
        return { sent: [...all, this.sign([...others, ...own.slice(0, 1)])], tells: false };
      case 'a story alone':
        return { sent: [...all, this.sign([...others, story])], tells: false };
      case 'an event of when alone':
        return { sent: [...all, this.sign(isCompletion ? [changed('completed_at')] : own)], tells: false };
      default:
        return { sent: [...all, this.sign([...others, ...own, story])], tells: false };
    }
  }

  private sign(events: unknown[]): Sent {
    return sent({ events }, (body) => ({ 'x-hook-signature': hmac(body) }));
  }

  answer({ body }: Asked): Answer {
    const { actions } = JSON.parse(body ?? '{}').data;
    const data = actions.map(
      ({ relative_path: path, options }: { relative_path: string; options: { fields: string[] } }) =>
        this.one(path.split('/')[2] ?? '', options.fields),
    );
    return { status: 200, body: { data } };
  }

  private one(gid: string, fields: readonly string[]) {
    const part = (code: number, body: unknown) => ({ status_code: code, headers: {}, body });
    const task = this.world.tasks.find(({ now }) => this.gid(now) === gid);
    if (task === undefined || task.now.state === 'deleted')
      return part(404, { errors: [{ message: 'Not Found' }] });
    if (task.isBroken) {
      const [shape, code] = this.failure;
      this.draw.use(shape);
      return part(code, { errors: [{ message: 'Server Error' }] });
    }
    return part(200, { data: this.shown(task, fields) });
  }

  private shown(task: Task, fields: readonly string[]): Record<string, unknown> {
    const { now } = task;
    const asksForChanges = this.asksForChanges && now.state === 'open' && task.changes.length > 0;
    if (asksForChanges) this.draw.use('changes are requested of an approval');
    const completed = isClosed(now) || asksForChanges;
    const outcome = {
      done: 'approved',
      declined: 'rejected',
      open: asksForChanges ? 'changes_requested' : 'pending',
    }[now.state === 'declined' || now.state === 'done' ? now.state : 'open'];
    if (this.lacksOutcome) this.draw.use('no outcome of an approval in the answer');
    const all: Record<string, unknown> = {
      resource_subtype: this.approvals ? 'approval' : 'default_task',
      completed,
      completed_at: completed ? millis(now.since) : null,
      completed_by: completed ? { gid: '9912', resource_type: 'user' } : null,
      ...(this.approvals && !this.lacksOutcome && { approval_status: outcome }),
      memberships: [],
      custom_fields: [],
      modified_at: millis(now.updatedAt),
    };
    const wanted = fields.map((field) => field.split('.')[0] ?? '');
    return {
      gid: this.gid(now),
      ...Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))),
    };
  }

  shows({ now }: Task): boolean {
    return !this.lacksOutcome || !isClosed(now);
  }
}

export const asana: Dialect = {
  name: 'asana',
  shapes: SHAPES,
  stories: { 'changes are requested of an approval': 'reopened' },
  open: (draw, world) => new Asana(draw, world),
};
