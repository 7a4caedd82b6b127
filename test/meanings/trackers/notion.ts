import { notion as tracker } from '../../../src/trackers/notion/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, millis, newId, pathOf, SECRET, sent } from './common.ts';

/**
 * Notion: the webhook of a connection says that a page changed, the one of an automation carries the page.
 * https://developers.notion.com/reference/webhooks-events-delivery, https://www.notion.com/help/webhook-actions,
 * https://developers.notion.com/reference/property-object#status (groups)
 */

const PANELS = ['a page over a database', 'a page over another one'] as const;
const LINKS = [
  'a link with dashes',
  'a public link',
  'a link without a title',
  'a link of the newer host',
  'a link with a block',
] as const;
const FAILURES = [
  ['one page answers 500', 500],
  ['one page answers 400', 400],
  ['one page answers 403', 403],
  ['one page is not found', 404],
] as const;
const WORDS = ["Won't do", 'wont-do', 'WON’T DO', 'Canceled', 'Rejected', 'Not doing'];

const SHAPES = [
  ...PANELS,
  ...LINKS,
  ...FAILURES.map(([name]) => name),
  'an automation without a token',
  'an automation beside a token',
  'a checkbox',
  'a status by another name',
  'groups in another language',
  'an open status called Cancelled',
  'Will not be done in other words',
  'a database that is not shared',
  'a page without its properties',
  'an edit of the title',
  'events of other kinds',
];

class Notion implements Site {
  readonly tracker = tracker;
  readonly provider = 'notion';
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = FAILURES.map(([name]) => name);
  readonly tick = 1;
  readonly isOrdered: boolean;
  private readonly draw: Draw;
  private readonly world: World;
  private readonly isAutomation: boolean;
  private readonly isCheckbox: boolean;
  private readonly openName: string;
  private readonly doneName: string;
  private readonly word: string;
  private readonly isForeign: boolean;
  private readonly lacks: 'database' | 'properties' | undefined;
  private readonly failure: (typeof FAILURES)[number];

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    const noToken = draw.has('an automation without a token', 20);
    this.hasToken = !noToken;
    this.isAutomation = noToken || draw.has('an automation beside a token', 15);
    // Nothing in a page tells when its status changed.
    this.isOrdered = this.isAutomation;
    this.env = { NOTION_WEBHOOK_SECRET: SECRET, ...(this.hasToken && { NOTION_API_TOKEN: 'ntn_token' }) };
    this.isCheckbox = draw.has('a checkbox', 15);
    // Whoever has no groups cannot tell.
    const isOpenCancelled =
      this.hasToken && !this.isAutomation && draw.has('an open status called Cancelled', 12);
    this.openName = isOpenCancelled ? 'Cancelled' : 'In progress';
    this.doneName = draw.has('a status by another name', 30) ? 'Shipped' : 'Done';
    this.word = draw.wants('Will not be done in other words', 30) ? draw.pick(WORDS) : 'Cancelled by us';
    this.isForeign = draw.wants('groups in another language', 20);
    this.lacks = !this.hasToken
      ? undefined
      : draw.wants('a database that is not shared', 5)
        ? 'database'
        : draw.wants('a page without its properties', 4)
          ? 'properties'
          : undefined;
    const failure = draw.wantsOne(this.failures);
    this.failure = FAILURES.find(([name]) => name === failure) ?? FAILURES[3];
    this.can = {
      duplicates: 'never',
      across: true,
      machines: 'never',
      closerInApi: false,
      moves: false,
      movesClosed: false,
      renames: false,
      deletes: !this.isAutomation,
      straight: true,
      declines: !this.isCheckbox && !isOpenCancelled,
    } as const;
  }

  private id({ place, number }: Pick<Snapshot, 'place' | 'number'>): string {
    return `59833787${place}c2f4b8a9e10${String(number).padStart(12, '0')}`;
  }

  link(task: Task): string {
    const { draw } = this;
    const id = this.id(task.now);
    const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    const under = () => this.id(this.world.addDecoy(task.now.place, task.now.number + 700).now);
    switch (draw.one(PANELS, 25)) {
      case 'a page over a database':
        return `https://www.notion.so/acme/${'d'.repeat(32)}?v=${'e'.repeat(32)}&p=${id}&pm=s`;
      case 'a page over another one':
        return `https://www.notion.so/acme/Runbook-${under()}?p=${id}&pm=s`;
    }
    switch (draw.one(LINKS, 50)) {
      case 'a link with dashes':
        return `https://www.notion.so/acme/${dashed}`;
      case 'a public link':
        return `https://acme.notion.site/Fix-it-${id}`;
      case 'a link without a title':
        return `https://www.notion.so/${id.toUpperCase()}`;
      case 'a link of the newer host':
        return `https://app.notion.com/p/acme/Fix-it-${id}`;
      case 'a link with a block':
        return `https://www.notion.so/acme/Fix-it-${id}#${'f'.repeat(32)}`;
      default:
        return `https://www.notion.so/acme/Fix-it-${id}`;
    }
  }

  private nameOf({ state }: Pick<Snapshot, 'state'>): string {
    if (state === 'done') return this.doneName;
    if (state !== 'declined') return this.openName;
    if (this.word === 'Cancelled by us') return 'Cancelled';
    this.draw.use('Will not be done in other words');
    return this.word;
  }

  private page(task: Task, now: Snapshot): Record<string, unknown> {
    const name = this.nameOf(now);
    const own = this.isCheckbox
      ? { Done: { id: 'c%3Ax', type: 'checkbox', checkbox: isClosed(now) } }
      : { Status: { id: 'gblj', type: 'status', status: { id: `o-${name}`, name, color: 'green' } } };
    return {
      object: 'page',
      id: this.id(now).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
      created_time: millis(task.createdAt),
      last_edited_time: millis(now.updatedAt),
      in_trash: now.state === 'deleted',
      archived: now.state === 'deleted',
      parent: { type: 'data_source_id', data_source_id: SOURCE, database_id: 'd'.repeat(32) },
      properties: {
        Name: { id: 'title', type: 'title', title: [{ plain_text: `Task ${task.id}` }] },
        Tags: { id: 'Xv%7BH', type: 'multi_select', multi_select: [{ name: 'Done' }] },
        ...own,
      },
      url: `https://www.notion.so/Fix-it-${this.id(now)}`,
    };
  }

  render({ task, what, after, at }: Change): Rendered {
    if (this.isAutomation) {
      // It runs where the status is edited.
      if (what !== 'state') return { sent: [], tells: false };
      const source = {
        type: 'automation',
        automation_id: 'a1',
        action_id: 'a2',
        event_id: newId(),
        attempt: 1,
      };
      const body = { source, data: this.page(task, after) };
      const isPlain =
        this.isCheckbox || after.state === 'open' || ['Done', 'Cancelled'].includes(this.nameOf(after));
      return { sent: [sent(body, () => ({ 'x-webhook-secret': SECRET }))], tells: isPlain };
    }
    const event = (type: string, more: object = {}) =>
      this.sign({
        id: newId(),
        timestamp: millis(at),
        type,
        workspace_id: 'w1',
        authors: [{ id: 'p1', type: 'person' }],
        entity: { id: this.page(task, after).id, type: 'page' },
        data: { parent: { id: 'd'.repeat(32), type: 'database', data_source_id: SOURCE }, ...more },
        attempt_number: 1,
        api_version: '2025-09-03',
      });
    const all: Sent[] = this.draw.has('events of other kinds')
      ? [event('comment.created'), event('page.locked')]
      : [];
    if (what !== 'state') {
      const isTitle = this.draw.has('an edit of the title', 30);
      return {
        sent: [
          ...all,
          event('page.properties_updated', { updated_properties: [isTitle ? 'title' : 'Xv%7BH'] }),
        ],
        tells: false,
      };
    }
    if (after.state === 'deleted') return { sent: [...all, event('page.deleted')], tells: true };
    return {
      sent: [
        ...all,
        event('page.properties_updated', { updated_properties: [this.isCheckbox ? 'c%3Ax' : 'gblj'] }),
      ],
      tells: false,
    };
  }

  private sign(body: unknown): Sent {
    return sent(body, (text) => ({ 'x-notion-signature': `sha256=${hmac(text)}` }));
  }

  answer(asked: Asked): Answer {
    const { path } = pathOf(asked);
    const notFound = { status: 404, body: { object: 'error', status: 404, code: 'object_not_found' } };
    if (path.startsWith('/v1/data_sources/')) {
      if (this.lacks !== 'database') return { status: 200, body: this.source() };
      this.draw.use('a database that is not shared');
      return notFound;
    }
    const id = path.split('/').at(-1)?.replaceAll('-', '');
    const task = this.world.tasks.find(({ now }) => this.id(now) === id);
    if (task === undefined) return notFound;
    if (task.isBroken) {
      const [shape, status] = this.failure;
      this.draw.use(shape);
      const code = {
        500: 'internal_server_error',
        400: 'validation_error',
        403: 'restricted_resource',
        404: 'object_not_found',
      }[status];
      return { status, body: { object: 'error', status, code } };
    }
    const page = this.page(task, task.now);
    if (this.lacks !== 'properties') return { status: 200, body: page };
    this.draw.use('a page without its properties');
    return { status: 200, body: { ...page, properties: {} } };
  }

  private source(): Record<string, unknown> {
    if (this.isForeign) this.draw.use('groups in another language');
    const names = this.isForeign ? ['À faire', 'En cours', 'Terminé'] : ['To-do', 'In progress', 'Complete'];
    const members = [
      ['Not started'],
      [this.openName],
      [this.doneName, ...(this.openName === 'Cancelled' ? [] : [this.nameOf({ state: 'declined' })])],
    ];
    const options = members.flat().map((name) => ({ id: `o-${name}`, name }));
    const groups = names.map((name, i) => ({
      id: `g${i}`,
      name,
      option_ids: (members[i] ?? []).map((one) => `o-${one}`),
    }));
    return {
      object: 'data_source',
      id: SOURCE,
      properties: {
        Name: { id: 'title', type: 'title', title: {} },
        Status: { id: 'gblj', type: 'status', status: { options, groups } },
      },
    };
  }

  shows({ now }: Task): boolean {
    if (this.lacks === 'properties') return false;
    // Only a name that everybody knows needs no group.
    return this.lacks !== 'database' || this.isCheckbox || !isClosed(now);
  }
}

const SOURCE = '4ca1a4bf-58ba-4598-8794-3207a9f9bddf';

export const notion: Dialect = {
  name: 'notion',
  shapes: SHAPES,
  stories: { 'Will not be done in other words': 'declined' },
  open: (draw, world) => new Notion(draw, world),
};
