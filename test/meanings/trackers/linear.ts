import { linear as tracker } from '../../../src/trackers/linear/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, millis, newId, SECRET, stamped } from './common.ts';
import { linearAnswer } from './linear-api.ts';
import { LINKS, MACHINES, SHAPES } from './linear-shapes.ts';

/**
 * Linear. https://linear.app/developers/webhooks (payload, `updatedFrom`), and its schema:
 * https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql
 */

export class Linear implements Site {
  readonly tracker = tracker;
  readonly provider = 'linear';
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = ['an issue of a private team'];
  readonly tick = 1;
  readonly draw: Draw;
  readonly world: World;
  readonly hasTwo: boolean;
  private readonly machine: (typeof MACHINES)[number];
  readonly hasHistory: boolean;
  private readonly names: { done: string; open: string };
  private readonly duplicateType: 'duplicate' | 'canceled';

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.hasToken =
      draw.isFeatured(['a duplicate in a state of the type canceled']) || !draw.has('no token', 40);
    this.hasTwo = draw.has('two workspaces', 10);
    this.env = { LINEAR_WEBHOOK_SECRET: SECRET, ...(this.hasToken && { LINEAR_API_TOKEN: 'lin_api_token' }) };
    this.machine = draw.wantsOne(MACHINES) ?? 'an app cancels';
    this.hasHistory = !draw.wants('no history of states in the API');
    this.names = {
      done: draw.has('a state of another name', 15) ? 'Shipped' : 'Done',
      open: draw.has('an open state called Done', 10) ? 'Done' : 'In Progress',
    };
    this.duplicateType = draw.wants('a duplicate in a state of the type canceled', 40)
      ? 'canceled'
      : 'duplicate';
    this.can = {
      duplicates: 'api',
      across: !this.hasTwo,
      machines: 'always',
      closerInApi: this.machine !== 'closed with its parent',
      moves: !this.hasTwo,
      movesClosed: true,
      renames: false,
      deletes: true,
      straight: true,
      declines: true,
    } as const;
  }

  private workspace({ place }: Pick<Snapshot, 'place'>): string {
    return this.hasTwo && place === 1 ? 'acme-labs' : 'acme';
  }

  team({ place }: Pick<Snapshot, 'place'>): string {
    return place === 0 || this.hasTwo ? 'ENG' : 'OPS2';
  }

  identifier(now: Pick<Snapshot, 'place' | 'number'>): string {
    return `${this.team(now)}-${now.number}`;
  }

  url(task: Task, now: Snapshot = task.now): string {
    return `https://linear.app/${this.workspace(now)}/issue/${this.identifier(now)}/task-${task.id}`;
  }

  link(task: Task): string {
    const { now } = task;
    const [workspace, id] = [this.workspace(now), this.identifier(now)];
    // Without the workspace only the token's owner is told which one it is.
    const links = LINKS.filter(
      (one) => one !== 'a link without the workspace' || (this.hasToken && !this.hasTwo),
    );
    switch (this.draw.one(links, 35)) {
      case 'a link without the title':
        return `https://linear.app/${workspace}/issue/${id}`;
      case 'a link of the app':
        return `linear://${workspace}/issue/${id}/task`;
      case 'a link without the workspace':
        return `https://linear.app/issue/${id}/task-${task.id}`;
      case 'a link with a comment':
        return `https://linear.app/${workspace}/issue/${id.toLowerCase()}/task#comment-1a2b3c`;
      default:
        return this.url(task);
    }
  }

  typeOf({ state }: Snapshot): string {
    switch (state) {
      case 'done':
        return 'completed';
      case 'declined':
        return 'canceled';
      case 'duplicate':
        if (this.duplicateType === 'canceled') this.draw.use('a duplicate in a state of the type canceled');
        return this.duplicateType;
      default:
        return 'started';
    }
  }

  private stateOf(now: Snapshot): { id: string; name: string; type: string } {
    const type = this.typeOf(now);
    const name =
      { completed: this.names.done, canceled: 'Canceled', duplicate: 'Duplicate' }[type] ?? this.names.open;
    return { id: `state-${type}`, name, type };
  }

  former(task: Task, now: Snapshot): string[] {
    return task.changes
      .filter(({ what, at }) => what === 'move' && at <= now.updatedAt)
      .map(({ before }) => this.identifier(before));
  }

  byMachine({ by, state }: Snapshot): boolean {
    return by === 'machine' && (state === 'done' || state === 'declined');
  }

  issue(task: Task, now: Snapshot): Record<string, unknown> {
    const type = this.typeOf(now);
    const since = millis(now.since);
    const isTrash = now.state === 'deleted';
    const auto = this.byMachine(now);
    if (auto) this.draw.use(this.machine);
    return {
      id: `00000000-0000-0000-0000-${String(task.id).padStart(12, '0')}`,
      identifier: this.identifier(now),
      number: now.number,
      previousIdentifiers: this.former(task, now),
      title: `Task ${task.id}`,
      url: this.url(task, now),
      team: { key: this.team(now), name: 'A team' },
      state: this.stateOf(now),
      stateId: `state-${type}`,
      labels: now.isMarked ? [{ id: 'l1', name: 'Stale' }] : [],
      createdAt: millis(task.createdAt),
      updatedAt: millis(now.updatedAt),
      ...(type === 'completed' && { completedAt: since }),
      ...((type === 'canceled' || type === 'duplicate') && { canceledAt: since }),
      ...(isTrash && { trashed: true, archivedAt: since }),
      ...(auto && this.machine === 'closed by itself for want of activity' && { autoClosedAt: since }),
      ...(auto && this.machine === 'closed with its parent' && { autoClosedByParentClosing: true }),
    };
  }

  actor(now: Snapshot): { id: string; type: string; name: string; url?: string } | null {
    if (!this.byMachine(now))
      return { id: 'user-1', type: 'user', name: 'Ada', url: 'https://linear.app/acme/profiles/ada' };
    return this.machine.startsWith('closed')
      ? null
      : { id: 'app-1', type: 'oauthClient', name: 'Acme Triage' };
  }

  private event(
    action: string,
    task: Task,
    now: Snapshot,
    at: number,
    more: Record<string, unknown> = {},
  ): Sent {
    const data = this.issue(task, now);
    const hasUrl = action === 'remove' || !this.draw.has('an issue without its address', 5);
    const { url, ...rest } = data;
    const body = {
      action,
      type: 'Issue',
      actor: this.actor(now),
      createdAt: millis(at),
      data: hasUrl ? data : rest,
      // One of both is always there where the issue's own address is not.
      url,
      organizationId: `org-${this.workspace(now)}`,
      webhookId: 'hook-1',
      ...more,
    };
    return this.sign(body);
  }

  private sign(body: Record<string, unknown>): Sent {
    const headersOf = (text: string) => ({
      'linear-signature': hmac(text),
      'linear-delivery': newId(),
      'linear-event': String(body.type),
    });
    return stamped((at) => ({ ...body, webhookTimestamp: at }), headersOf);
  }

  render({ task, what, before, after, at }: Change): Rendered {
    const { draw } = this;
    const others = draw.has('events of other kinds')
      ? [
          this.sign({
            action: 'create',
            type: 'Comment',
            data: { id: 'c1', body: 'done' },
            createdAt: millis(at),
          }),
        ]
      : [];
    const update = (updatedFrom: Record<string, unknown>) => [
      ...others,
      this.event('update', task, after, at, {
        updatedFrom: { updatedAt: millis(before.updatedAt), ...updatedFrom },
      }),
    ];
    if (what === 'move') return { sent: update({ teamId: 'team-1', number: before.number }), tells: true };
    if (what !== 'state') {
      if (isClosed(after) && draw.has('archived after it was closed')) {
        const archived = { ...this.issue(task, after), archivedAt: millis(at) };
        return { sent: [this.event('remove', task, after, at, { data: archived })], tells: true };
      }
      return { sent: update({ sortOrder: 1 }), tells: true };
    }
    if (after.state === 'deleted')
      return draw.has('thrown into the trash by an update', 40)
        ? { sent: update({ trashed: null, archivedAt: null }), tells: true }
        : { sent: [this.event('remove', task, after, at)], tells: true };
    const was = this.issue(task, before);
    const from = draw.has('told without the former values', 10)
      ? { stateId: was.stateId }
      : { stateId: was.stateId, completedAt: was.completedAt ?? null, canceledAt: was.canceledAt ?? null };
    // No webhook names what a duplicate repeats.
    return { sent: update(from), tells: after.state !== 'duplicate' };
  }

  answer(asked: Asked): Answer {
    return linearAnswer(this, asked);
  }

  shows({ now }: Task): boolean {
    return !this.hasTwo || now.place === 0;
  }
}

export const linear: Dialect = {
  name: 'linear',
  shapes: SHAPES,
  stories: {
    ...Object.fromEntries(MACHINES.map((name) => [name, 'machine'])),
    'an app in the history': 'machine',
    'a duplicate in a state of the type canceled': 'duplicates',
    'archived after it was closed': 'done, touched',
    'thrown into the trash by an update': 'deleted',
  },
  open: (draw, world) => new Linear(draw, world),
};
