import type { Draw } from '../draw.ts';
import type { World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { MARKS } from './jira-shapes.ts';

/**
 * An issue as Jira shows it. Categories: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-workflow-status-categories/ ;
 * `fieldId` and `fieldtype` of a changelog: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-changelog-get
 */

export interface Item {
  field: string;
  fieldtype: string;
  fieldId: string;
  from: string | null;
  fromString: string | null;
  to: string | null;
  toString: string | null;
}

interface Status {
  id: string;
  name: string;
  category: 'new' | 'indeterminate' | 'done';
}

interface Resolution {
  id: string;
  name: string;
}

/** `2026-03-02T09:00:00.137+0000` */
export const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

/** How teams write that a thing will not be done: resolutions of Jira, of its templates, and of public projects. */
const WORDS = ['Wont Do', 'wont-do', 'WON’T FIX', 'Wont fix', "won't do", 'Canceled', 'Cannot reproduce'];
const CATEGORY_IDS = { new: 2, indeterminate: 4, done: 3 };

export class JiraIssues {
  readonly draw: Draw;
  readonly world: World;
  readonly isCloud: boolean;
  /** Host, and the path where there is one. */
  readonly site: string;
  readonly isDeclinedByStatus: boolean;
  private readonly keepsResolution: boolean;
  private readonly closedName: string;
  private readonly openName: string;
  private readonly declinedWord: string;
  /** What stale rules label. */
  readonly mark: string;

  constructor(draw: Draw, world: World, isCloud: boolean, site: string) {
    this.draw = draw;
    this.world = world;
    this.isCloud = isCloud;
    this.site = site;
    this.isDeclinedByStatus = draw.wants('declined by its status', 15);
    this.keepsResolution = draw.wants('a resolution that stays when it is reopened', 15);
    this.closedName = draw.has('a closed status by another name', 15) ? 'Ausgeliefert' : 'Done';
    this.openName = draw.has('an open status called Done', 10) ? 'Done' : 'In Progress';
    this.declinedWord = draw.wants('Will not be done in other words', 25) ? draw.pick(WORDS) : "Won't Do";
    const named = draw.wantsOne(MARKS.map((mark) => `a rule closes what is labelled ${mark}`));
    this.mark = MARKS.find((mark) => named?.endsWith(` ${mark}`)) ?? 'stale';
  }

  keyOf({ place, number }: Pick<Snapshot, 'place' | 'number'>): string {
    return `${place === 0 ? 'OPS' : 'WEB_2'}-${number}`;
  }

  statusOf(_task: Task, { state }: Snapshot, wasClosed = false): Status {
    switch (state) {
      case 'done':
        return { id: '10002', name: this.closedName, category: 'done' };
      case 'duplicate':
        return { id: '10002', name: this.closedName, category: 'done' };
      case 'declined':
        return this.isDeclinedByStatus
          ? { id: '10007', name: 'Cancelled', category: 'done' }
          : { id: '10002', name: this.closedName, category: 'done' };
      default:
        return wasClosed
          ? { id: '10003', name: 'Reopened', category: 'new' }
          : { id: '10001', name: this.openName, category: 'indeterminate' };
    }
  }

  private resolutionOf(task: Task, now: Snapshot): Resolution | null {
    switch (now.state) {
      case 'done':
        return this.isDeclinedByStatus ? null : { id: '10000', name: 'Done' };
      case 'declined':
        if (this.isDeclinedByStatus) {
          this.draw.use('declined by its status');
          return null;
        }
        if (this.declinedWord !== "Won't Do") this.draw.use('Will not be done in other words');
        return { id: '10011', name: this.declinedWord };
      case 'duplicate':
        return { id: '3', name: 'Duplicate' };
      default: {
        const kept = this.keepsResolution && lastClosed(task, now);
        if (!kept) return null;
        this.draw.use('a resolution that stays when it is reopened');
        return { id: '10000', name: 'Done' };
      }
    }
  }

  issue(task: Task, now: Snapshot) {
    const host = `https://${this.site}`;
    const status = this.statusOf(task, now, lastClosed(task, now) !== undefined);
    const resolution = this.resolutionOf(task, now);
    const project = this.keyOf(now).split('-')[0];
    const { original } = now;
    return {
      id: String(10_200 + task.id),
      self: `${host}/rest/api/2/issue/${10_200 + task.id}`,
      key: this.keyOf(now),
      fields: {
        summary: `Task ${task.id}`,
        created: time(task.createdAt),
        updated: time(now.updatedAt),
        project: {
          self: `${host}/rest/api/2/project/1000${now.place}`,
          id: `1000${now.place}`,
          key: project,
        },
        labels: this.labelsOf(now),
        issuelinks: [
          ...(original === undefined
            ? []
            : [
                {
                  id: '1',
                  type: DUPLICATE,
                  outwardIssue: { id: String(10_200 + original.id), key: this.keyOf(original.now) },
                },
              ]),
          // What repeats this one is no original of it.
          ...this.world.tasks
            .filter((one) => one.now.original === task)
            .map((one) => ({
              id: '2',
              type: DUPLICATE,
              inwardIssue: { id: String(10_200 + one.id), key: this.keyOf(one.now) },
            })),
        ],
        status: {
          self: `${host}/rest/api/2/status/${status.id}`,
          id: status.id,
          name: status.name,
          statusCategory: { id: CATEGORY_IDS[status.category], key: status.category },
        },
        resolution,
        resolutiondate:
          resolution === null ? null : time(isClosed(now) ? now.since : (lastClosed(task, now) ?? now.since)),
        ...(this.isCloud && { statuscategorychangedate: time(categorySince(task, now)) }),
      },
    };
  }

  private labelsOf({ isMarked }: Snapshot): string[] {
    if (isMarked) this.draw.use(`a rule closes what is labelled ${this.mark}`);
    return ['incident', ...(isMarked ? [this.mark] : [])];
  }

  /** What a change changes of the fields that matter. */
  itemsOf({ task, what, before, after }: Change): Item[] {
    if (what === 'move') {
      const [from, to] = [this.keyOf(before), this.keyOf(after)];
      return [
        item(
          'project',
          { from: `1000${before.place}`, fromString: from.split('-')[0] ?? '' },
          { to: `1000${after.place}`, toString: to.split('-')[0] ?? '' },
        ),
        item('Key', { from: null, fromString: from }, { to: null, toString: to }, 'issuekey'),
      ];
    }
    if (what !== 'state')
      return [item('labels', { from: '', fromString: 'incident' }, { to: '', toString: 'incident cause' })];
    const [was, is] = [this.issue(task, before).fields, this.issue(task, after).fields];
    const items: Item[] = [];
    if (was.resolution?.id !== is.resolution?.id)
      items.push(
        item(
          'resolution',
          { from: was.resolution?.id ?? null, fromString: was.resolution?.name ?? null },
          { to: is.resolution?.id ?? null, toString: is.resolution?.name ?? null },
        ),
      );
    if (was.status.id !== is.status.id)
      items.push(
        item(
          'status',
          { from: was.status.id, fromString: was.status.name },
          { to: is.status.id, toString: is.status.name },
        ),
      );
    return items;
  }
}

const DUPLICATE = { id: '10002', name: 'Duplicate', inward: 'is duplicated by', outward: 'duplicates' };

function item(
  field: string,
  from: Pick<Item, 'from' | 'fromString'>,
  to: Pick<Item, 'to' | 'toString'>,
  fieldId = field,
): Item {
  return { field, fieldtype: 'jira', fieldId, ...from, ...to };
}

/** When an open task was closed last before what it is now; undefined where it never was. */
function lastClosed(task: Task, { updatedAt }: Snapshot): number | undefined {
  return task.changes.findLast(
    ({ what, at, after }) => what === 'state' && at <= updatedAt && isClosed(after),
  )?.at;
}

/** Since when its status has been in its category, ms: another status of the same category does not change it. */
function categorySince(task: Task, now: Snapshot): number {
  const states = task.changes.filter(({ what, at }) => what === 'state' && at <= now.updatedAt);
  let since = task.createdAt;
  let closed = false;
  for (const { after, at } of states)
    if (isClosed(after) !== closed) {
      closed = !closed;
      since = at;
    }
  return since;
}
