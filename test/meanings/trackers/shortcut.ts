import { shortcut as tracker } from '../../../src/trackers/shortcut/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, newId, pathOf, SECRET, seconds, sent } from './common.ts';

/**
 * Shortcut, once Clubhouse. https://developer.shortcut.com/api/webhook/v1, https://developer.shortcut.com/api/rest/v3 ;
 * recordings: https://github.com/zulip/zulip/tree/main/zerver/webhooks/clubhouse/fixtures
 */

const LINKS = ['a link without the title', 'a link of Clubhouse', 'a link with an activity'] as const;
const BODIES = ['completed alone', 'a story behind an epic', 'several stories in one delivery'] as const;
/** Without the type of the state, which only a token tells. */
const UNTOLD = 'references without types';
const UNTOLD_FOR_GOOD = 'references without types, and no token';
const FAILURES = [
  ['one story answers 400', 400],
  ['one story answers 500', 500],
  ['one story answers 403', 403],
  ['one story is not found', 404],
] as const;
const WORDS = ["Won't Do", 'Wont-do', 'WONTFIX', 'Canceled', 'Rejected', 'Abandoned'];

const SHAPES = [
  ...LINKS,
  ...BODIES,
  UNTOLD,
  UNTOLD_FOR_GOOD,
  ...FAILURES.map(([name]) => name),
  'no token',
  'a finished state by another name',
  'an open state called Done',
  'an open state called Cancelled',
  'a state of the type finished',
  'Will not be done in other words',
  'an automation declines',
  'a deletion without an address',
  'events of other kinds',
];

class Shortcut implements Site {
  readonly tracker = tracker;
  readonly provider = 'shortcut';
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = FAILURES.map(([name]) => name);
  readonly tick = 1_000;
  private readonly draw: Draw;
  private readonly world: World;
  private readonly openName: string;
  private readonly doneName: string;
  private readonly doneType: string;
  private readonly word: string;
  private readonly failure: (typeof FAILURES)[number];

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.hasToken = !draw.has('no token', draw.isFeatured([UNTOLD_FOR_GOOD]) ? 100 : 40);
    this.env = {
      SHORTCUT_WEBHOOK_SECRET: SECRET,
      SHORTCUT_WORKSPACE: 'acme',
      ...(this.hasToken && { SHORTCUT_API_TOKEN: 'token' }),
    };
    this.openName = draw.has('an open state called Done', 12)
      ? 'Done'
      : draw.has('an open state called Cancelled', 12)
        ? 'Cancelled'
        : 'In Development';
    this.doneName = draw.has('a finished state by another name', 20) ? 'Deployed' : 'Completed';
    this.doneType = draw.has('a state of the type finished', 10) ? 'finished' : 'done';
    this.word = draw.wants('Will not be done in other words', 30) ? draw.pick(WORDS) : "Won't do";
    const failure = draw.wantsOne(FAILURES.map(([name]) => name));
    this.failure = FAILURES.find(([name]) => name === failure) ?? FAILURES[3];
    this.can = {
      duplicates: 'api',
      across: false,
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

  /** Each workspace counts its stories from one; the token is for the first. */
  private workspace({ place }: Pick<Snapshot, 'place'>): string {
    return place === 0 ? 'acme' : 'acme-labs';
  }

  private url(task: Task): string {
    return `https://app.shortcut.com/${this.workspace(task.now)}/story/${task.now.number}`;
  }

  link(task: Task): string {
    switch (this.draw.one(LINKS, 50)) {
      case 'a link without the title':
        return this.url(task);
      case 'a link of Clubhouse':
        return this.url(task).replace('app.shortcut.com', 'app.clubhouse.io');
      case 'a link with an activity':
        return `${this.url(task)}/a-title?vc_group_by=day#activity-1234`;
      default:
        return `${this.url(task)}/a-title`;
    }
  }

  private stateOf({ state }: Snapshot): { id: number; name: string; type: string } {
    switch (state) {
      case 'done':
        return { id: 500_000_011, name: this.doneName, type: this.doneType };
      case 'declined':
        if (this.word !== "Won't do") this.draw.use('Will not be done in other words');
        return { id: 500_000_012, name: this.word, type: this.doneType };
      case 'duplicate':
        return { id: 500_000_013, name: 'Duplicate', type: this.doneType };
      default:
        return { id: 500_000_008, name: this.openName, type: 'started' };
    }
  }

  private story(task: Task, changes: Record<string, unknown>, action = 'update'): Record<string, unknown> {
    return {
      id: task.now.number,
      entity_type: 'story',
      action,
      name: `Task ${task.id}`,
      story_type: 'bug',
      ...(action !== 'delete' && { app_url: this.url(task) }),
      ...(action === 'update' && { changes }),
    };
  }

  private delivery(now: Snapshot, at: number, actions: unknown[], references: unknown[] = []): Sent {
    const isMachine = now.by === 'machine' && now.state === 'declined';
    if (isMachine) this.draw.use('an automation declines');
    const body = {
      id: newId(),
      changed_at: seconds(at),
      version: 'v1',
      primary_id: now.number,
      ...(isMachine
        ? { automation_id: '12345678-9012', actor_name: 'Stale stories' }
        : { member_id: '5b1fda16-626f-487f-9ecf-f3a4abf42b8b', actor_name: 'Ada' }),
      actions,
      references,
    };
    return sent(body, (text) => ({ 'payload-signature': hmac(text) }));
  }

  render({ task, what, before, after, at }: Change): Rendered {
    const { draw } = this;
    const epic = {
      id: 5,
      entity_type: 'epic',
      action: 'update',
      app_url: `https://app.shortcut.com/${this.workspace(after)}/epic/5`,
      changes: {},
    };
    const all: Sent[] = draw.has('events of other kinds') ? [this.delivery(after, at, [epic])] : [];
    if (what !== 'state')
      return {
        sent: [...all, this.delivery(after, at, [this.story(task, { estimate: { new: 2 } })])],
        tells: true,
      };
    if (after.state === 'deleted') {
      // Its workspace stands in no address: only one can be set.
      const isOurs = this.workspace(after) === 'acme';
      if (isOurs) draw.use('a deletion without an address');
      const gone = this.story(task, {}, 'delete');
      const action = isOurs ? gone : { ...gone, app_url: this.url(task) };
      return { sent: [...all, this.delivery(after, at, [action])], tells: true };
    }
    const [was, is] = [this.stateOf(before), this.stateOf(after)];
    const isCompletion = isClosed(before) !== isClosed(after);
    const completed = isCompletion ? { completed: { new: isClosed(after), old: isClosed(before) } } : {};
    const changes = { workflow_state_id: { new: is.id, old: was.id }, ...completed };
    const references = [was, is].map(({ id, name, type }) => ({
      id,
      entity_type: 'workflow-state',
      name,
      type,
    }));
    const tells = after.state !== 'duplicate';
    const bodies = BODIES.filter(
      (one) =>
        one !== 'completed alone' ||
        // Whether it was done or declined, only a token tells.
        (isCompletion && (after.state === 'done' || after.state === 'open' || this.hasToken)),
    );
    const untold = this.hasToken ? UNTOLD : UNTOLD_FOR_GOOD;
    switch (draw.one(after.by === 'machine' ? [] : [...bodies, untold], 40)) {
      case 'completed alone':
        return {
          sent: [...all, this.delivery(after, at, [this.story(task, completed)])],
          tells: tells && after.state !== 'declined',
        };
      case UNTOLD:
      case UNTOLD_FOR_GOOD: {
        const plain = references.map(({ id, name, entity_type }) => ({ id, name, entity_type }));
        return { sent: [...all, this.delivery(after, at, [this.story(task, changes)], plain)], tells: false };
      }
      case 'a story behind an epic':
        return {
          sent: [...all, this.delivery(after, at, [epic, this.story(task, changes)], references)],
          tells,
        };
      case 'several stories in one delivery': {
        const other = this.world.tasks.find((one) => one.isDecoy && one.now.place === after.place) ?? task;
        const actions = [this.story(other, { position: { new: 1, old: 2 } }), this.story(task, changes)];
        return { sent: [...all, this.delivery(after, at, actions, references)], tells };
      }
      default:
        return { sent: [...all, this.delivery(after, at, [this.story(task, changes)], references)], tells };
    }
  }

  answer(asked: Asked): Answer {
    const { path } = pathOf(asked);
    const [, kind, id] = /^\/api\/v3\/(stories|workflows)\/(\d+)$/.exec(path) ?? [];
    if (kind === 'workflows') {
      const states = (['open', 'done', 'declined', 'duplicate'] as const).map((state) =>
        this.stateOf({ ...NOBODY, state }),
      );
      return { status: 200, body: { id: Number(id), name: 'Ops', states } };
    }
    const task = this.world.tasks.find(({ now }) => now.place === 0 && now.number === Number(id));
    if (task === undefined || task.now.state === 'deleted')
      return { status: 404, body: { message: 'Resource not found.' } };
    if (task.isBroken) {
      const [shape, status] = this.failure;
      this.draw.use(shape);
      return { status, body: { message: 'The request could not be processed.' } };
    }
    const { now } = task;
    const { original } = now;
    const link = {
      type: 'subject',
      verb: 'duplicates',
      subject_id: now.number,
      object_id: original?.now.number,
    };
    return {
      status: 200,
      body: {
        id: now.number,
        app_url: this.url(task),
        completed: isClosed(now),
        started: true,
        archived: false,
        completed_at: isClosed(now) ? seconds(now.since) : null,
        moved_at: seconds(now.since),
        updated_at: seconds(now.updatedAt),
        workflow_id: 500_000_005,
        workflow_state_id: this.stateOf(now).id,
        story_links: original === undefined ? [] : [link],
      },
    };
  }

  shows({ now }: Task): boolean {
    return now.place === 0;
  }
}

const NOBODY = {
  since: 0,
  by: 'person',
  place: 0,
  number: 0,
  updatedAt: 0,
  isMarked: false,
  revision: 1,
} as const;

export const shortcut: Dialect = {
  name: 'shortcut',
  shapes: SHAPES,
  stories: {
    'Will not be done in other words': 'declined',
    'an automation declines': 'machine',
    'a deletion without an address': 'deleted',
  },
  open: (draw, world) => new Shortcut(draw, world),
};
