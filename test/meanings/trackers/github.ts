import { github as tracker } from '../../../src/trackers/github/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { hmac, isReopening, newId, SECRET, seconds, sent, TOKEN } from './common.ts';
import { githubAnswer } from './github-api.ts';
import { LINKS, MACHINES, type Machine, PANELS, SHAPES, STORIES_OF } from './github-shapes.ts';

/**
 * GitHub as its documentation and recordings show it.
 * Webhooks: https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues and #pull_request;
 * examples: https://github.com/octokit/webhooks/tree/main/payload-examples/api.github.com/issues
 */

export interface Repository {
  owner: string;
  name: string;
  id: number;
}

export class GitHub implements Site {
  readonly tracker = tracker;
  readonly provider = 'github';
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = ['an error of its own for one issue'];
  readonly tick = 1_000;
  readonly host: string;
  readonly draw: Draw;
  readonly world: World;
  readonly places: [Repository, Repository];
  readonly pulls = new Set<Task>();
  /** Who closes for want of activity here. */
  readonly machine: Machine;
  /** Until then (ms) the repositories show no issues. */
  readonly disabledUntil: number;
  readonly isHiddenAtFirst: boolean;
  calls = 0;

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.hasToken = !draw.has('no token', 40);
    this.host = draw.has('Enterprise Server', 10) ? 'github.acme.example' : 'github.com';
    this.env = {
      GITHUB_WEBHOOK_SECRET: SECRET,
      ...(this.hasToken && { GITHUB_API_TOKEN: TOKEN }),
      ...(this.hasToken && this.host !== 'github.com' && { GITHUB_URL: `https://${this.host}` }),
    };
    this.places = [
      { owner: 'acme', name: 'api', id: 101 },
      { owner: 'acme', name: 'web.app', id: 102 },
    ];
    const chosen = draw.wantsOne(MACHINES.map(([name]) => name));
    this.machine = MACHINES.find(([name]) => name === chosen) ?? MACHINES[0];
    this.disabledUntil =
      this.hasToken && draw.wants('issues are disabled for a while') ? world.now + 3_600_000 * 3 : 0;
    this.isHiddenAtFirst = this.disabledUntil > 0;
    this.can = {
      duplicates: 'api',
      across: true,
      machines: 'always',
      closerInApi: true,
      moves: true,
      movesClosed: false,
      // The name of a repository changes without a word of its issues.
      renames: this.hasToken,
      deletes: this.disabledUntil === 0,
      straight: false,
      declines: true,
    } as const;
  }

  link(task: Task, story: string): string {
    const { draw } = this;
    const { place, number } = task.now;
    const { owner, name } = this.at(place);
    if (PULL_STORIES.includes(story) && draw.has('a pull request')) this.pulls.add(task);
    const home = `https://${this.host}`;
    const page = `${home}/${owner}/${name}`;
    const panel = draw.one(PANELS, 25);
    const shown = `issue=${owner}%7C${name}%7C${number}`;
    const under = () => this.world.addDecoy(place, number + 700).now.number;
    switch (panel) {
      case 'an issue over an issue':
        return `${page}/issues/${under()}?${shown}`;
      case 'an issue over a pull request':
        return `${page}/pull/${under()}?${shown}`;
      case 'an issue over a dashboard':
        return `${home}/issues/assigned?${shown}`;
      case 'an issue over a milestone':
        return `${page}/milestone/3?${shown}`;
      case 'an issue over a board':
        return `${home}/orgs/acme/projects/5/views/1?pane=issue&itemId=9000&${shown}`;
      case "an issue over a user's board":
        return `${home}/users/ada/projects/2?pane=issue&itemId=9000&${shown}`;
      case 'an issue over the list of issues':
        return `${page}/issues?q=is%3Aopen&${shown}`;
    }
    const kind = this.pulls.has(task) ? 'pull' : 'issues';
    const plain = `${page}/${kind}/${number}`;
    switch (draw.one(LINKS, 25)) {
      case 'a link with a comment':
        return `${plain}#issuecomment-1234567`;
      case 'a link of the API':
        return `${this.api}/repos/${owner}/${name}/issues/${number}`;
      case 'a link in capitals':
        return `${home}/${owner.toUpperCase()}/${name}/${kind}/${number}`;
      case 'a link with a query':
        return `${plain}?notification_referrer_id=NT_kwDO#event-99`;
      default:
        return plain;
    }
  }

  get api(): string {
    return this.host === 'github.com' ? 'https://api.github.com' : `https://${this.host}/api/v3`;
  }

  at(place: number): Repository {
    return this.places[place === 0 ? 0 : 1];
  }

  urlOf(task: Task, { place, number }: Pick<Snapshot, 'place' | 'number'> = task.now): string {
    const { owner, name } = this.at(place);
    return `https://${this.host}/${owner}/${name}/${this.pulls.has(task) ? 'pull' : 'issues'}/${number}`;
  }

  /** Who made the task what it is. */
  actorOf({ by, state }: Snapshot, closedByDeployer: boolean): { login: string; type: string } {
    const [, login, type] = this.machine;
    if (by === 'machine' && state !== 'open') return { login, type };
    return closedByDeployer ? { login: 'acme-deploy[bot]', type: 'Bot' } : { login: 'octocat', type: 'User' };
  }

  /** Tasks that a machine closed after it deployed them. */
  readonly deployed = new Set<Task>();

  isDeployed(task: Task, { state }: Snapshot): boolean {
    return state === 'done' && this.deployed.has(task);
  }

  labelsOf({ isMarked }: Snapshot): { name: string }[] {
    if (isMarked) this.draw.use(this.machine[0]);
    return [{ name: 'incident' }, ...(isMarked ? [{ name: this.machine[3] }] : [])];
  }

  reasonOf({ state, by }: Snapshot): string | null {
    if (state === 'done')
      return by === 'machine' || this.draw.has('no reason of the closing') ? null : 'completed';
    if (state === 'declined') return 'not_planned';
    return state === 'duplicate' ? 'duplicate' : null;
  }

  private issue(task: Task, now: Snapshot): Record<string, unknown> {
    const closed = isClosed(now);
    const { owner, name } = this.at(now.place);
    const isPull = this.pulls.has(task);
    return {
      url: `${this.api}/repos/${owner}/${name}/issues/${now.number}`,
      html_url: this.urlOf(task, now),
      id: 5_000 + task.id,
      node_id: `I_${task.id}`,
      number: now.number,
      title: `Task ${task.id}`,
      state: closed ? 'closed' : 'open',
      ...(isPull
        ? {
            merged: now.state === 'done',
            merged_at: now.state === 'done' ? seconds(now.since) : null,
          }
        : { state_reason: closed ? this.reasonOf(now) : task.changes.some(isReopening) ? 'reopened' : null }),
      created_at: seconds(task.createdAt),
      updated_at: seconds(now.updatedAt),
      closed_at: closed ? seconds(now.since) : null,
      labels: this.labelsOf(now),
      user: { login: 'ada', type: 'User' },
    };
  }

  private repository(place: number): Record<string, unknown> {
    const { owner, name, id } = this.at(place);
    return {
      id,
      name,
      full_name: `${owner}/${name}`,
      html_url: `https://${this.host}/${owner}/${name}`,
      owner: { login: owner },
    };
  }

  private event(task: Task, action: string, now: Snapshot, more: Record<string, unknown> = {}) {
    const isPull = this.pulls.has(task);
    return sent(
      {
        action,
        [isPull ? 'pull_request' : 'issue']: this.issue(task, now),
        repository: this.repository(now.place),
        sender: this.actorOf(now, this.isDeployed(task, now)),
        ...more,
      },
      (body) => this.headers(body, isPull ? 'pull_request' : 'issues'),
    );
  }

  private headers(body: string, event: string): Record<string, string> {
    return {
      'x-github-event': event,
      'x-github-delivery': newId(),
      'x-hub-signature-256': `sha256=${hmac(body)}`,
      'user-agent': 'GitHub-Hookshot/1',
    };
  }

  render({ task, what, before, after }: Change): Rendered {
    const { draw } = this;
    if (what === 'rename') {
      const repository = this.at(after.place);
      const from = repository.name;
      repository.name = `${from}-2`;
      const body = {
        action: 'renamed',
        changes: { repository: { name: { from } } },
        repository: this.repository(after.place),
      };
      return { sent: [sent(body, (text) => this.headers(text, 'repository'))], tells: false };
    }
    if (what === 'move') return this.transfer(task, before, after);
    if (what === 'touch') {
      const action = draw.has('the action of an update that nobody knows') ? 'pondered' : 'labeled';
      return { sent: [this.event(task, action, after, { label: { name: 'incident' } })], tells: false };
    }
    if (after.state === 'deleted')
      return { sent: [this.event(task, 'deleted', { ...after, state: before.state })], tells: true };
    if (after.state === 'open') {
      const events = [this.event(task, 'reopened', after)];
      if (draw.has('a closing whose body shows the issue open'))
        events.push(this.event(task, 'closed', after));
      return { sent: events, tells: true };
    }
    if (
      after.by === 'person' &&
      after.state === 'done' &&
      !after.isMarked &&
      draw.has('a machine that deploys closes it')
    )
      this.deployed.add(task);
    const events = [this.event(task, 'closed', after)];
    if (task.changes.some(isReopening) && draw.has('a reopening whose body shows the issue closed', 20))
      events.push(this.event(task, 'reopened', after));
    if (draw.has('events of other kinds')) events.unshift(...this.others(task, after));
    return { sent: events, tells: after.state !== 'duplicate' };
  }

  private others(task: Task, now: Snapshot) {
    const comment = { action: 'created', issue: this.issue(task, now), comment: { body: 'done' } };
    return [
      sent(comment, (text) => this.headers(text, 'issue_comment')),
      sent({ zen: 'Keep it logically awesome.', hook_id: 1 }, (text) => this.headers(text, 'ping')),
    ];
  }

  private transfer(task: Task, before: Snapshot, after: Snapshot): Rendered {
    const old = { ...before, state: before.state };
    const transferred = this.event(task, 'transferred', old, {
      changes: { new_issue: this.issue(task, after), new_repository: this.repository(after.place) },
    });
    if (!this.draw.has('a transfer told by both repositories', 60))
      return { sent: [transferred], tells: true };
    const opened = this.event(task, 'opened', after, {
      changes: { old_issue: this.issue(task, before), old_repository: this.repository(before.place) },
    });
    return { sent: [transferred, opened], tells: true };
  }

  answer(asked: Asked): Answer {
    return githubAnswer(this, asked);
  }

  shows(): boolean {
    return true;
  }
}

const PULL_STORIES = ['stays open', 'done', 'declined', 'done, touched', 'declined, reopened'];

export const github: Dialect = {
  name: 'github',
  shapes: SHAPES,
  stories: STORIES_OF,
  open: (draw, world) => new GitHub(draw, world),
};
