import { gitlab as tracker } from '../../../src/trackers/gitlab/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { newId, SECRET, seconds, stamped, standardWebhooks, WHSEC } from './common.ts';
import { gitlabAnswer } from './gitlab-api.ts';
import { BOTS, LINKS, MARKS, PANELS, SHAPES } from './gitlab-shapes.ts';

/**
 * GitLab. https://docs.gitlab.com/user/project/integrations/webhook_events/#work-item-events ; recordings:
 * https://github.com/zulip/zulip/tree/main/zerver/webhooks/gitlab/fixtures
 */

export interface Project {
  path: string;
  id: number;
}

export class GitLab implements Site {
  readonly tracker = tracker;
  readonly provider = 'gitlab';
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = ['a confidential issue in the API'];
  readonly tick = 1_000;
  /** Host, and the relative root where there is one. */
  readonly home: string;
  readonly draw: Draw;
  readonly world: World;
  readonly places: [Project, Project];
  private readonly mark: string;
  private readonly bot: string;
  private readonly signs: boolean;

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.hasToken = !draw.has('no token', 40);
    const root = draw.has('self-managed under a path', 10) ? 'tools.acme.example/gitlab' : undefined;
    this.home = root ?? (draw.has('self-managed', 20) ? 'gitlab.acme.example:8443' : 'gitlab.com');
    const hasDot = draw.has('a project whose path begins with a dot', 10);
    this.places = [
      { path: hasDot ? 'acme/.gitlab' : 'acme/platform/api', id: 101 },
      { path: 'acme/web', id: 102 },
    ];
    this.signs = draw.has('a signing token', 20);
    const declines = draw.chance(60);
    this.env = {
      GITLAB_WEBHOOK_SECRET: this.signs ? WHSEC : SECRET,
      ...(declines && { GITLAB_DECLINED_LABELS: 'wontfix,Not doing' }),
      ...(this.hasToken && { GITLAB_API_TOKEN: 'glpat-token', GITLAB_URL: `https://${this.home}` }),
    };
    const named = draw.wantsOne(MARKS.map((mark) => `a bot closes what is labelled ${mark}`));
    this.mark = MARKS.find((mark) => named?.endsWith(` ${mark}`)) ?? 'stale';
    this.bot = draw.pick(BOTS);
    this.can = {
      duplicates: 'api',
      across: true,
      machines: 'always',
      // As a label it also says that nobody will do it.
      marksMeanOneThing: this.mark !== 'abandoned',
      closerInApi: true,
      moves: true,
      movesClosed: false,
      renames: this.hasToken,
      // No webhook tells of a deletion, and what is missing in the API may be hidden.
      deletes: false,
      straight: false,
      declines,
    } as const;
  }

  at(place: number): Project {
    return this.places[place === 0 ? 0 : 1];
  }

  /** A move gives it another id. */
  idOf(task: Task, now: Snapshot): number {
    const moves = task.changes.filter(({ what, at }) => what === 'move' && at <= now.updatedAt).length;
    return 70_000 + task.id * 10 + moves;
  }

  urlOf({ place, number }: Pick<Snapshot, 'place' | 'number'>): string {
    return `https://${this.home}/${this.at(place).path}/-/issues/${number}`;
  }

  link(task: Task): string {
    const { draw } = this;
    const { place, number } = task.now;
    const { path } = this.at(place);
    const page = `https://${this.home}/${path}`;
    // https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/assets/javascripts/work_items/utils.js
    const json = JSON.stringify({ iid: String(number), full_path: path, id: this.idOf(task, task.now) });
    const show = `show=${encodeURIComponent(Buffer.from(json).toString('base64'))}`;
    const under = () => this.world.addDecoy(place, number + 700).now.number;
    // A panel names the path without the relative root: which one it is nobody can tell by the link alone.
    const panels = this.home.includes('/') ? [] : PANELS;
    switch (draw.one(panels, 25)) {
      case 'an issue over a list':
        return `${page}/-/issues?${show}`;
      case 'an issue over a board':
        return `${page}/-/boards/7?${show}`;
      case 'an issue over another one':
        return `${page}/-/work_items/${under()}?${show}`;
    }
    switch (draw.one(LINKS, 30)) {
      case 'a link to a work item':
        return `${page}/-/work_items/${number}`;
      case 'an old link':
        return `${page}/issues/${number}`;
      case 'a link to an incident':
        return `${page}/-/issues/incident/${number}`;
      case 'a link with a note':
        return `${page}/-/issues/${number}?iid=3#note_123`;
      case 'a link in capitals':
        return this.urlOf(task.now).replace('/acme/', '/ACME/');
      default:
        return this.urlOf(task.now);
    }
  }

  labelsOf({ isMarked, state }: Snapshot): string[] {
    if (isMarked) this.draw.use(`a bot closes what is labelled ${this.mark}`);
    return ['incident', ...(isMarked ? [this.mark] : []), ...(state === 'declined' ? ['WontFix'] : [])];
  }

  closerOf({ by }: Snapshot): string {
    return by === 'machine' ? this.bot : 'ada';
  }

  private attributes(task: Task, now: Snapshot, action: string | undefined): Record<string, unknown> {
    const closed = isClosed(now);
    const { original } = now;
    const at = (ms: number) =>
      this.draw.chance(50) ? seconds(ms).replace('T', ' ').replace('Z', ' UTC') : seconds(ms);
    const state = closed ? 'closed' : 'opened';
    return {
      id: this.idOf(task, now),
      iid: now.number,
      project_id: this.at(now.place).id,
      title: `Task ${task.id}`,
      type: 'Issue',
      ...(this.draw.has('without the state, with its id', 5) ? {} : { state }),
      state_id: closed ? 2 : 1,
      created_at: at(task.createdAt),
      updated_at: at(now.updatedAt),
      closed_at: closed ? at(now.since) : null,
      moved_to_id: null,
      duplicated_to_id: original === undefined ? null : this.idOf(original, original.now),
      url: this.urlOf(now),
      ...(action !== undefined && { action }),
    };
  }

  private event(
    task: Task,
    now: Snapshot,
    action: string,
    more: { attributes?: object; changes?: object } = {},
  ): Sent {
    const { draw } = this;
    const { path, id } = this.at(now.place);
    const kind = draw.has('the kind work_item', 15) ? 'work_item' : 'issue';
    const confidential = draw.has('a confidential issue', 10);
    const labels = this.labelsOf(now).map((title, i) => ({ id: i + 1, title }));
    const username = now.by === 'machine' && isClosed(now) ? this.bot : 'ada';
    const body = {
      object_kind: kind,
      event_type: confidential ? `confidential_${kind}` : kind,
      user: { id: 1, name: username, username },
      project: { id, path_with_namespace: path, web_url: `https://${this.home}/${path}` },
      object_attributes: { ...this.attributes(task, now, action), ...more.attributes, labels },
      labels,
      changes: more.changes ?? {},
    };
    return this.sign(body, confidential ? 'Confidential Issue Hook' : 'Issue Hook');
  }

  private sign(body: unknown, event: string): Sent {
    return stamped(
      () => body,
      (text, at) => ({
        'x-gitlab-event': event,
        'x-gitlab-instance': `https://${this.home}`,
        'x-gitlab-event-uuid': newId(),
        ...(this.signs
          ? standardWebhooks(text, at)
          : { 'x-gitlab-token': SECRET, 'idempotency-key': newId() }),
      }),
    );
  }

  render({ task, what, before, after }: Change): Rendered {
    const { draw } = this;
    const others = draw.has('events of other kinds')
      ? [
          this.sign(
            { object_kind: 'note', object_attributes: { note: 'done' }, issue: { state: 'closed' } },
            'Note Hook',
          ),
        ]
      : [];
    if (what === 'rename') {
      const project = this.at(after.place);
      project.path = `${project.path}-2`;
      return { sent: others, tells: false };
    }
    if (what === 'move') return this.move(task, before, after);
    if (what === 'touch')
      return {
        sent: [
          ...others,
          this.event(task, after, 'update', { changes: { labels: { previous: [], current: [] } } }),
        ],
        tells: true,
      };
    const closedAt = {
      previous: before.state === 'open' ? null : seconds(before.since),
      current: isClosed(after) ? seconds(after.since) : null,
    };
    const states = { state_id: { previous: isClosed(before) ? 2 : 1, current: isClosed(after) ? 2 : 1 } };
    if (after.state === 'open') {
      const events = [
        ...others,
        this.event(task, after, 'reopen', { changes: { ...states, closed_at: closedAt } }),
      ];
      if (draw.has('a closing whose body shows the issue open'))
        events.push(this.event(task, after, 'close'));
      return { sent: events, tells: true };
    }
    const update = () => this.event(task, after, 'update', { changes: { ...states, closed_at: closedAt } });
    const isUpdate = draw.has('a closing that comes as an update');
    const events = isUpdate
      ? [update()]
      : [this.event(task, after, 'close', { changes: { ...states, closed_at: closedAt } })];
    if (!isUpdate && draw.has('a closing that is followed by an update')) events.push(update());
    // The original is told by an id that only the API knows.
    return { sent: [...others, ...events], tells: after.state !== 'duplicate' };
  }

  /** https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/work_items/data_sync/move_service.rb */
  private move(task: Task, before: Snapshot, after: Snapshot): Rendered {
    const left = this.event(task, { ...before, updatedAt: before.updatedAt }, 'close', {
      attributes: {
        state: 'closed',
        state_id: 2,
        moved_to_id: this.idOf(task, after),
        closed_at: seconds(after.updatedAt),
        updated_at: seconds(after.updatedAt),
      },
      changes: { closed_at: { previous: null, current: seconds(after.updatedAt) } },
    });
    // Only the first body ties both together, and by an id that nobody remembers of issues without a follow-up.
    return { sent: [left, this.event(task, after, 'open')], tells: this.hasToken };
  }

  answer(asked: Asked): Answer {
    return gitlabAnswer(this, asked);
  }

  shows(): boolean {
    return true;
  }
}

export const gitlab: Dialect = {
  name: 'gitlab',
  shapes: SHAPES,
  stories: Object.fromEntries(MARKS.map((mark) => [`a bot closes what is labelled ${mark}`, 'machine'])),
  open: (draw, world) => new GitLab(draw, world),
};
