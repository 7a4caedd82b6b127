import type { Answer, Asked } from '../site.ts';
import { isClosed, type Task } from '../truth.ts';
import type { AzureDevOps } from './azure-devops.ts';
import { CLOSED_BY, CLOSED_DATE } from './azure-devops-shapes.ts';

/**
 * https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/get-work-items-batch,
 * https://learn.microsoft.com/rest/api/azure/devops/wit/work-item-type-states/list
 */

/** The project in which items are that cannot be read. */
const HIDDEN = 'Secret';

export function azureAnswer(site: AzureDevOps, asked: Asked): Answer {
  const place = site.bases.findIndex((base) => asked.url.toLowerCase().startsWith(`${base.toLowerCase()}/`));
  const base = site.bases[place === 0 ? 0 : 1];
  if (place === -1) return { status: 404, body: { message: 'The resource cannot be found.' } };
  const [route = ''] = asked.url.slice(base.length + 1).split('?');
  if (route === '_apis/wit/workitemsbatch') {
    const { ids, fields, $expand: expand } = JSON.parse(asked.body ?? '{}');
    if (site.isUndated && fields?.includes(CLOSED_BY)) {
      site.draw.use('a collection without the field of who closed');
      return { status: 400, body: { message: `TF51535: Cannot find field ${CLOSED_BY}.` } };
    }
    const value = ids.map((id: number) => item(site, place, id, { fields, expand }));
    return { status: 200, body: { count: value.length, value } };
  }
  const [, project, type] = /^([^/]+)\/_apis\/wit\/workitemtypes\/([^/]+)\/states$/.exec(route) ?? [];
  if (project !== undefined && type !== undefined) {
    if (project === HIDDEN) {
      site.draw.use('a project whose states are not shown');
      return {
        status: 403,
        body: { message: 'TF400813: The user is not authorized to access this resource.' },
      };
    }
    const states = (['open', 'done', 'declined', 'duplicate'] as const).map((state) => {
      const { name, category } = site.stateOf({ ...NOBODY, state });
      return { name, category, color: 'b2b2b2' };
    });
    return { status: 200, body: { count: states.length, value: states } };
  }
  return { status: 404, body: { message: 'The resource cannot be found.' } };
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

function item(
  site: AzureDevOps,
  place: number,
  id: number,
  { fields, expand }: { fields?: string[]; expand?: string },
): unknown {
  const task = site.world.tasks.find(({ now }) => now.place === place && now.number === id);
  // `errorPolicy: omit`
  if (task === undefined || task.now.state === 'deleted') return null;
  if (task.isBroken && !site.isBrokenProject) {
    site.draw.use('an item that is not shown');
    return null;
  }
  const all = fieldsOf(site, task);
  const shown =
    fields === undefined
      ? all
      : Object.fromEntries(Object.entries(all).filter(([name]) => fields.includes(name)));
  const url = `${site.baseOf(task.now)}/_apis/wit/workItems/${id}`;
  return {
    id,
    rev: task.now.revision,
    fields: shown,
    url,
    ...(expand !== undefined && { relations: site.relationsOf(task) }),
  };
}

function fieldsOf(site: AzureDevOps, task: Task): Record<string, unknown> {
  const fields = { ...site.fieldsOf(task, task.now), ...whoOf(site, task) };
  return task.isBroken ? { ...fields, 'System.TeamProject': HIDDEN } : fields;
}

/** Who closed it, and who changed it last. */
function whoOf(site: AzureDevOps, task: Task): Record<string, unknown> {
  const { now, changes } = task;
  const isLast = changes.at(-1)?.what === 'state';
  const isMachine = now.by === 'machine' && isClosed(now);
  if (isMachine) site.draw.use('a service account in the item');
  const isDated = CLOSED_DATE in site.fieldsOf(task, now);
  return {
    'System.ChangedBy': site.revisedBy(isLast ? now : { ...now, by: 'person' }),
    ...(isDated && { [CLOSED_BY]: site.revisedBy(now) }),
  };
}
