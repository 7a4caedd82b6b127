import type { Answer, Asked } from '../site.ts';
import { isClosed, type Task } from '../truth.ts';
import { pathOf } from './common.ts';
import { type ServiceNow, utc } from './servicenow.ts';

/** The Table API: https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html */

/** A table whose records the user may see in `task`, and not in itself. */
const HIDDEN = 'sn_si_incident';
const HTML = '<html><body>Sign in</body></html>';
/** So many calls meet what is there for a while only. */
const WHILE = 2;

export function servicenowAnswer(site: ServiceNow, asked: Asked): Answer {
  site.calls += 1;
  if (site.calls <= WHILE) {
    const { fault } = site;
    if (fault?.endsWith('for a while')) site.draw.use(fault);
    if (fault === 'a login page for a while')
      return { status: 302, headers: { location: '/login.do' }, body: '' };
    if (fault === 'a page of hibernation for a while')
      return { status: 200, headers: { 'content-type': 'text/html' }, body: HTML };
    if (fault === 'a wall that refuses for a while')
      return { status: 403, headers: { 'content-type': 'text/html', server: 'wall' }, body: HTML };
  }
  const { path, query, host } = pathOf(asked);
  const [, table = ''] = /^\/api\/now\/(?:v\d\/)?table\/(\w+)/.exec(path) ?? [];
  if (table === HIDDEN) {
    site.draw.use('a table that may not be read');
    return {
      status: 403,
      body: { error: { message: 'Operation Failed', detail: 'ACL Exception' }, status: 'failure' },
    };
  }
  const place = site.host({ place: 0 }) === host ? 0 : 1;
  const wanted = query.get('sysparm_query') ?? '';
  const fields = (query.get('sysparm_fields') ?? '').split(',');
  const rows = site.world.tasks.filter(
    ({ now }) =>
      now.place === place &&
      now.state !== 'deleted' &&
      (wanted.includes(site.sysId(now)) || wanted.includes(site.numberOf(now))),
  );
  const result = rows.map((task) => row(site, task, table, fields)).filter((one) => one !== undefined);
  return { status: 200, body: { result } };
}

function row(
  site: ServiceNow,
  task: Task,
  table: string,
  fields: readonly string[],
): Record<string, string> | undefined {
  const { now } = task;
  if (task.isBroken && !site.isHiddenTable) {
    site.draw.use('a record that is not shown');
    return undefined;
  }
  // The user may read `task`, and not the table that tells how it was closed: the list is short without a word.
  if (table !== 'task' && site.fault === 'its own table answers with nothing') {
    site.draw.use(site.fault);
    return undefined;
  }
  const { state, active, code } = site.fieldsOf(now);
  const closed = isClosed(now) ? utc(now.since) : '';
  const isEmpty = site.fault === 'a state that is empty';
  if (isEmpty) site.draw.use(site.fault ?? '');
  const all: Record<string, string> = {
    sys_id: site.sysId(now),
    number: site.numberOf(now),
    sys_class_name: task.isBroken ? HIDDEN : site.table,
    state: isEmpty ? '' : task.isBroken ? '3' : state,
    active: task.isBroken ? 'false' : active,
    closed_at: closed,
    resolved_at: site.table === 'incident' || site.table === 'problem' ? closed : '',
    opened_at: utc(task.createdAt),
    sys_updated_on: utc(now.updatedAt),
    sys_mod_count: String(now.revision),
    ...(site.table === 'problem'
      ? { resolution_code: code, duplicate_of: site.duplicateOf(now) }
      : { close_code: code }),
  };
  const own = table === 'task' ? Object.keys(all).filter((name) => !CHILD.includes(name)) : Object.keys(all);
  return Object.fromEntries(
    own.filter((name) => fields.includes(name)).map((name) => [name, all[name] ?? '']),
  );
}

/** Fields that the table `task` itself does not have. */
const CHILD = ['resolved_at', 'resolution_code', 'close_code', 'duplicate_of'];
