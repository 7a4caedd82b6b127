import type { WhyBlocked } from '../../review/effective-state.ts';
import type { Section } from '../../review/sections.ts';
import type { CountedFollowUp } from '../../review/sentences.ts';
import { trackerByName } from '../../trackers/index.ts';
import type { TaskKey } from '../../vocabulary.ts';
import type { ReadIncident, ShownIncident } from '../incidents.ts';
import { projectOf, trackerOf } from './projects.ts';

/** A line of the board's list: what it shows, and what it is sorted, filtered and found by. Times are ms. */
export interface ListRow extends ShownIncident {
  group: Section;
  severity?: string;
  type?: string;
  lead?: string;
  createdAt?: number;
  /** Its follow-ups, apart from those that no longer exist. */
  followUps: ListedFollowUp[];
}

export interface ListedFollowUp {
  title: string;
  /** incident.io's name for its task: `PROJ-12`. */
  name?: string;
  url?: string;
  task?: string;
  /** Its tracker, as people call it, and its repository or project. */
  tracker?: string;
  project?: string;
  owner?: string;
  /** Whether it stands in the way of closing, and whether that ends once its task is done. */
  blocks?: 'task' | 'other';
}

/** Of these reasons a follow-up stands in the way until its task is done, and no longer. */
const UNTIL_DONE: readonly WhyBlocked[] = ['outstanding', 'reopened', 'tracker-disagrees'];

export function listRow(group: Section, { incident, record, followUps }: ReadIncident): ListRow {
  const { severity, type } = record?.about ?? {};
  const { lead, createdAt } = record ?? {};
  return {
    ...incident,
    group,
    ...(severity && { severity: severity.name }),
    ...(type && { type: type.name }),
    ...(lead !== undefined && { lead }),
    ...(createdAt !== undefined && { createdAt }),
    followUps: followUps.flatMap(listed),
  };
}

function listed({ followUp, effective, task }: CountedFollowUp): ListedFollowUp[] {
  if (effective.countsAs === 'deleted') return [];
  const { title, reference, owner } = followUp;
  const project = task === undefined ? undefined : projectOf(task);
  return [
    {
      title,
      ...(reference && { name: reference.name, url: reference.permalink }),
      ...(task !== undefined && { task, tracker: titleOf(task) }),
      ...(project !== undefined && { project }),
      ...(owner !== undefined && { owner }),
      ...(effective.countsAs === 'blocks' && {
        blocks: task !== undefined && UNTIL_DONE.includes(effective.why) ? 'task' : 'other',
      }),
    },
  ];
}

/** Of a task that no tracker of ours has, its link is the key. */
function titleOf(task: TaskKey): string {
  return trackerByName(trackerOf(task))?.title ?? 'Other';
}
