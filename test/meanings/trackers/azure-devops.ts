import { azureDevOps as tracker } from '../../../src/trackers/azure-devops/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { azureAnswer } from './azure-devops-api.ts';
import { AzureItems } from './azure-devops-items.ts';
import { CHANGED, CLOSED_DATE, LINKS, OWN_NAME, PANELS, PLACES, SHAPES } from './azure-devops-shapes.ts';
import { millis, newId, SECRET, sent } from './common.ts';

/**
 * Azure DevOps, Services and Server. https://learn.microsoft.com/azure/devops/service-hooks/events#work-item-updated
 */

export class AzureDevOps extends AzureItems implements Site {
  readonly tracker = tracker;
  readonly provider = 'azure_devops';
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = [
    'an item that is not shown',
    'a project whose states are not shown',
  ];
  readonly tick = 1;
  private readonly where: (typeof PLACES)[number] | undefined;
  readonly isBrokenProject: boolean;
  private readonly contradicted = new Set<Task>();

  constructor(draw: Draw, world: World) {
    const hasToken = !draw.has('no token', 35);
    const where = draw.one(PLACES, 50);
    const home = {
      Server: 'https://tfs.acme.example/tfs/',
      'Server under another directory': 'https://devops.acme.example/ado/',
      'Server at its root': 'https://devops.acme.example:8443/',
      'the old host': 'https://dev.azure.com/',
    }[where ?? 'the old host'];
    const bases: [string, string] =
      where === undefined || where === 'the old host'
        ? [`${home}acme`, `${home}acme-labs`]
        : [`${home}CollA`, `${home}CollB`];
    super(draw, world, hasToken, bases);
    this.hasToken = hasToken;
    this.where = where;
    this.env = {
      AZURE_DEVOPS_WEBHOOK_SECRET: SECRET,
      ...(this.hasToken && {
        AZURE_DEVOPS_API_TOKEN: 'personal-token',
        AZURE_DEVOPS_URL: this.bases.join(','),
      }),
    };
    this.isBrokenProject = draw.wants('a project whose states are not shown', 40);
    this.can = {
      duplicates: 'webhook',
      across: false,
      machines:
        draw.may('a service account declines') && (this.isKnownName || draw.wants(OWN_NAME, 40))
          ? 'always'
          : 'never',
      // Whatever is changed after the closing hides who made it, where the process keeps it in no field.
      closerInApi: !this.isUndated && !this.byCategory,
      moves: false,
      movesClosed: false,
      renames: false,
      deletes: true,
      straight: true,
      declines: true,
    } as const;
  }

  /** As people see it in the browser. */
  private pageOf(now: Pick<Snapshot, 'place'>): string {
    const base = this.baseOf(now);
    return this.where === 'the old host'
      ? base.replace(/dev\.azure\.com\/(.+)$/, '$1.visualstudio.com')
      : base;
  }

  link(task: Task): string {
    const { draw } = this;
    const { now } = task;
    const { number, place } = now;
    const page = this.pageOf(now);
    const under = () => this.world.addDecoy(place, number + 700).now.number;
    switch (draw.one(PANELS, 25)) {
      case 'an item over a board':
        return `${page}/Ops/_boards/board/t/Ops%20Team/Stories/?workitem=${number}`;
      case 'an item over another one':
        return `${page}/Ops/_workitems/edit/${under()}/?workitem=${number}`;
      case 'an item over a sprint':
        return `${page}/Ops/_sprints/taskboard/Ops%20Team/Ops/Sprint%201?workitem=${number}`;
      case 'an item over a query':
        return `${page}/Ops/_workitems/recentlyupdated/?workitem=${number}`;
    }
    // Where the collection stands behind no known directory, only the project shows where it ends.
    const needsProject =
      this.where === 'Server under another directory' || this.where === 'Server at its root';
    const links = needsProject
      ? LINKS.filter((one) => one === 'a link of the API' || one === 'an old list')
      : LINKS;
    switch (draw.one(links, 25)) {
      case 'a link without the project':
        return `${page}/_workitems/edit/${number}`;
      case 'the page of old hosts':
        return `${page}/web/wi.aspx?pcguid=2245531e-4735-4f13-81d1-a4a33d5532a1&id=${number}`;
      case 'a link of the API':
        return `${page}/66776c68-10ec-4679-9652-d001a718d37f/_apis/wit/workItems/${number}`;
      case 'an old list':
        return `${page}/Ops/_workitems?id=${number}&_a=edit`;
      default:
        return `${page}/Ops/_workitems/edit/${number}`;
    }
  }

  private event(type: string, resource: Record<string, unknown>, now: Snapshot): Sent {
    const body = {
      subscriptionId: 'bea5b36f-976e-40e5-a7e4-6b72ceb1dff0',
      notificationId: 1,
      id: newId(),
      eventType: type,
      publisherId: 'tfs',
      resource,
      resourceVersion: '1.0',
      resourceContainers: {
        collection: { id: `coll-${now.place}`, baseUrl: `${this.pageOf(now)}/` },
        account: { id: 'account', baseUrl: `${this.pageOf(now)}/` },
        project: { id: '66776c68-10ec-4679-9652-d001a718d37f', baseUrl: `${this.pageOf(now)}/` },
      },
      createdDate: millis(now.updatedAt),
    };
    const basic = Buffer.from(`hook:${SECRET}`).toString('base64');
    return sent(body, () => ({ authorization: `Basic ${basic}` }));
  }

  private update(task: Task, before: Snapshot, after: Snapshot, shown: Snapshot, changed: string[]): Sent {
    const [was, is] = [this.fieldsOf(task, before), this.fieldsOf(task, after)];
    const fields = Object.fromEntries(
      changed
        .filter((name) => was[name] !== is[name])
        .map((name) => [name, { oldValue: was[name], newValue: is[name] }]),
    );
    const url = `${this.pageOf(after)}/66776c68-10ec-4679-9652-d001a718d37f/_apis/wit/workItems/${after.number}`;
    return this.event(
      'workitem.updated',
      {
        id: after.revision,
        workItemId: after.number,
        rev: after.revision,
        revisedBy: this.revisedBy(after),
        revisedDate: '9999-01-01T00:00:00Z',
        fields: { 'System.Rev': { oldValue: before.revision, newValue: after.revision }, ...fields },
        _links: {
          self: { href: `${url}/updates/${after.revision}` },
          html: { href: `${this.pageOf(after)}/web/wi.aspx?pcguid=1&id=${after.number}` },
        },
        url: `${url}/updates/${after.revision}`,
        revision: {
          id: after.number,
          rev: shown.revision,
          fields: this.fieldsOf(task, shown),
          relations: this.relationsOf(task),
          url: `${url}/revisions/${shown.revision}`,
        },
      },
      after,
    );
  }

  revisedBy({ by, state, isMarked }: Snapshot): Record<string, unknown> {
    const isMachine = by === 'machine' && (state === 'done' || state === 'declined');
    if (isMachine && !this.isKnownName) this.draw.use(OWN_NAME);
    if (!isMachine)
      return {
        id: 'person-1',
        displayName: 'Ada',
        uniqueName: 'ada@acme.example',
        descriptor: 'aad.MmZiNjhlMTA',
      };
    this.draw.use(
      isMarked && state === 'done'
        ? 'a service account closes what is tagged stale'
        : 'a service account declines',
    );
    return { id: 'service-1', displayName: 'Acme Triage', descriptor: 'svc.MmZiNjhlMTA' };
  }

  render({ task, what, before, after }: Change): Rendered {
    const { draw } = this;
    const others = draw.has('events of other kinds')
      ? [this.event('git.push', { commits: [], repository: { name: 'api' } }, after)]
      : [];
    if (what !== 'state')
      return {
        sent: [...others, this.update(task, before, after, after, ['System.ChangedDate', 'System.Tags'])],
        tells: true,
      };
    if (after.state === 'deleted') {
      const url = `${this.pageOf(after)}/_apis/wit/recyclebin/${after.number}`;
      const resource = {
        id: after.number,
        rev: after.revision,
        fields: this.fieldsOf(task, before),
        _links: { self: { href: url } },
        url,
      };
      return { sent: [this.event('workitem.deleted', resource, after)], tells: true };
    }
    const fields = ['System.State', 'System.Reason', 'System.ChangedDate', CHANGED, CLOSED_DATE];
    const events = [...others, this.update(task, before, after, after, fields)];
    const last = task.changes.findLast((one) => one.what === 'state' && isClosed(one.after));
    // What was told before is told again, with what the item is by now beside it.
    if (
      after.state === 'open' &&
      last !== undefined &&
      draw.has('a revision that is newer than the change')
    ) {
      events.push(this.update(task, last.before, last.after, after, fields));
      this.contradicted.add(task);
    }
    // Such a body can also come last, and nobody can be asked then.
    const tells = this.isPlain(after) && (this.hasToken || !this.contradicted.has(task));
    return { sent: events, tells };
  }

  /** Whether the name of the state tells what it is to whoever has no category. */
  private isPlain(now: Snapshot): boolean {
    if (!isClosed(now)) return this.openName !== 'Completed';
    return this.isKnownName && (!this.isUndated || this.stateOf(now).category === 'Removed');
  }

  answer(asked: Asked): Answer {
    return azureAnswer(this, asked);
  }

  shows(): boolean {
    return true;
  }
}

export const azureDevOps: Dialect = {
  name: 'azure-devops',
  shapes: SHAPES,
  stories: {
    'declined by its category': 'declined',
    'Will not be done in other words': 'declined',
    'a service account declines': 'machine',
    'a service account closes what is tagged stale': 'machine',
    [OWN_NAME]: 'machine',
    'a service account in the item': 'machine',
    'a revision that is newer than the change': 'reopened',
  },
  open: (draw, world) => new AzureDevOps(draw, world),
};
