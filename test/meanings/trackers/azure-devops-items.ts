import type { Draw } from '../draw.ts';
import type { World } from '../site.ts';
import type { Snapshot, Task } from '../truth.ts';
import { CLOSED, CLOSED_SHAPES, OWN_NAME, WORDS } from './azure-devops-shapes.ts';
import { millis } from './common.ts';

/**
 * A work item as Azure DevOps shows it. States and categories:
 * https://learn.microsoft.com/azure/devops/boards/work-items/workflow-and-state-categories
 */
export class AzureItems {
  readonly draw: Draw;
  readonly world: World;
  /** Two collections: numbers are of one alone. */
  readonly bases: [string, string];
  readonly openName: string;
  /** Processes without the field: nothing but the name says that it is closed. */
  readonly isUndated: boolean;
  private readonly closedName: string;
  private readonly closedShape: keyof typeof CLOSED | undefined;
  protected readonly byCategory: boolean;
  private readonly word: string;

  constructor(draw: Draw, world: World, hasToken: boolean, bases: [string, string]) {
    this.draw = draw;
    this.world = world;
    this.bases = bases;
    this.closedShape = draw.isFeatured([OWN_NAME])
      ? 'a closed state of an own name'
      : draw.wantsOne(CLOSED_SHAPES, 30);
    this.closedName = this.closedShape === undefined ? 'Closed' : CLOSED[this.closedShape];
    // By the name alone nobody can tell.
    this.openName = hasToken && draw.has('an open state called Completed', 10) ? 'Completed' : 'Active';
    this.byCategory = draw.wants('declined by its category', 30);
    this.word = draw.wants('Will not be done in other words', 25) ? draw.pick(WORDS) : 'Abandoned';
    this.isUndated = draw.wants('without the date of the closing', 15);
  }

  baseOf({ place }: Pick<Snapshot, 'place'>): string {
    return this.bases[place === 0 ? 0 : 1];
  }

  /** Whether closed states have names that a reader without categories knows. */
  protected get isKnownName(): boolean {
    return this.closedShape === undefined || this.closedShape === 'closed in Chinese';
  }

  stateOf({ state }: Snapshot): { name: string; reason: string; category: string } {
    const { draw } = this;
    if (state === 'open' || state === 'deleted')
      return { name: this.openName, reason: 'Moved to state', category: 'InProgress' };
    if (state === 'declined' && this.byCategory) {
      draw.use('declined by its category');
      return { name: 'Removed', reason: 'Removed from the backlog', category: 'Removed' };
    }
    if (this.closedShape !== undefined) draw.use(this.closedShape);
    if (state === 'declined' && this.word !== 'Abandoned') draw.use('Will not be done in other words');
    const reason = { done: 'Completed', declined: this.word, duplicate: 'Duplicate' }[state];
    return { name: this.closedName, reason, category: 'Completed' };
  }

  fieldsOf(task: Task, now: Snapshot): Record<string, unknown> {
    const { name, reason, category } = this.stateOf(now);
    const isDated = category === 'Completed' && !this.isUndated;
    if (category === 'Completed' && this.isUndated) this.draw.use('without the date of the closing');
    return {
      'System.Id': now.number,
      'System.TeamProject': 'Ops',
      'System.WorkItemType': 'Bug',
      'System.State': name,
      'System.Reason': reason,
      'System.Title': `Task ${task.id}`,
      'System.CreatedDate': millis(task.createdAt),
      'System.ChangedDate': millis(now.updatedAt),
      'Microsoft.VSTS.Common.StateChangeDate': millis(now.since),
      ...(isDated && { 'Microsoft.VSTS.Common.ClosedDate': millis(now.since) }),
      ...(now.isMarked && { 'System.Tags': 'incident; stale' }),
    };
  }

  relationsOf(task: Task): unknown[] {
    const { original } = task.now;
    const to = (other: Task) => `${this.baseOf(other.now)}/_apis/wit/workItems/${other.now.number}`;
    return [
      ...(original === undefined
        ? []
        : [
            {
              rel: 'System.LinkTypes.Duplicate-Reverse',
              url: to(original),
              attributes: { name: 'Duplicate Of' },
            },
          ]),
      // What repeats this one is no original of it.
      ...this.world.tasks
        .filter(({ now }) => now.original === task)
        .map((one) => ({
          rel: 'System.LinkTypes.Duplicate-Forward',
          url: to(one),
          attributes: { name: 'Duplicate' },
        })),
    ];
  }
}
