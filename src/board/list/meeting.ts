import type { ListedFollowUp, ListRow } from './rows.ts';

/** What a weekly meeting asks about the open incidents. */
export interface Meeting {
  /** Those that were created first, with what blocks them and who owns it. */
  oldest: OldIncident[];
  /** Tasks that block, those first whose end would close most. */
  tasks: BlockingTask[];
  /** Owners of what blocks, those with most first; without a name: follow-ups that nobody owns. */
  owners: Owner[];
}

export interface About {
  id: string;
  reference: string;
  name: string;
  private: boolean;
}

export interface OldIncident extends About {
  /** ms */
  createdAt: number;
  blocks: Pick<ListedFollowUp, 'title' | 'name' | 'url' | 'owner'>[];
  /** The verdict, where no follow-up blocks. */
  words: string;
}

export interface BlockingTask {
  task: string;
  name: string;
  url?: string;
  owners: string[];
  /** Incidents that nothing else keeps open, as far as is known. */
  closes: About[];
  /** Those that something else keeps open too. */
  others: About[];
}

export interface Owner {
  owner?: string;
  followUps: number;
  incidents: About[];
}

const MOST = { oldest: 15, tasks: 30, owners: 30 };

export function meetingOf(rows: readonly ListRow[]): Meeting {
  return {
    oldest: rows
      .flatMap((row) => (row.createdAt === undefined ? [] : [oldOf(row, row.createdAt)]))
      .sort((a, b) => a.createdAt - b.createdAt)
      .slice(0, MOST.oldest),
    tasks: tasksOf(rows)
      .sort((a, b) => b.closes.length - a.closes.length || b.others.length - a.others.length)
      .slice(0, MOST.tasks),
    owners: ownersOf(rows)
      .sort((a, b) => b.followUps - a.followUps)
      .slice(0, MOST.owners),
  };
}

const blocking = ({ followUps }: ListRow) => followUps.filter(({ blocks }) => blocks !== undefined);
const aboutOf = ({ id, reference, name, private: isPrivate }: ListRow): About => ({
  ...{ id, reference, name, private: isPrivate },
});

function oldOf(row: ListRow, createdAt: number): OldIncident {
  const blocks = blocking(row).map(({ title, name, url, owner }) => ({ title, name, url, owner }));
  return { ...aboutOf(row), createdAt, words: row.words, blocks };
}

function tasksOf(rows: readonly ListRow[]): BlockingTask[] {
  const found = new Map<string, BlockingTask>();
  for (const row of rows) {
    const open = blocking(row);
    const tasks = new Set(open.flatMap(({ task, blocks }) => (task && blocks === 'task' ? [task] : [])));
    for (const task of tasks) {
      const own = open.filter((one) => one.task === task);
      const [{ name = '', url, title = '' } = {}] = own;
      const known = found.get(task) ?? { task, name: name || title, url, owners: [], closes: [], others: [] };
      known.owners = [...new Set([...known.owners, ...own.flatMap(({ owner }) => owner ?? [])])];
      const isAll = open.every((one) => one.task === task && one.blocks === 'task');
      (isAll && keepsOpenOnlyFollowUps(row) ? known.closes : known.others).push(aboutOf(row));
      found.set(task, known);
    }
  }
  return [...found.values()];
}

/** Whether nothing but its follow-ups keeps it open, as far as is known. */
function keepsOpenOnlyFollowUps({ group, also = [], held, failing }: ListRow): boolean {
  return group === 'waiting' && also.length === 0 && held === undefined && failing === undefined;
}

function ownersOf(rows: readonly ListRow[]): Owner[] {
  const found = new Map<string | undefined, Owner>();
  for (const row of rows)
    for (const { owner } of blocking(row)) {
      const known = found.get(owner) ?? {
        ...(owner !== undefined && { owner }),
        followUps: 0,
        incidents: [],
      };
      known.followUps += 1;
      if (known.incidents.at(-1)?.id !== row.id) known.incidents.push(aboutOf(row));
      found.set(owner, known);
    }
  return [...found.values()];
}
