import { AT, type Samples } from '../samples.ts';
import { HOST, listing, ours, record, SYS_ID } from './payloads.ts';

const task = `servicenow:${HOST}/${SYS_ID}`;
const bare = `servicenow:${SYS_ID}`;
const classic = `https://${HOST}`;

export const servicenow: Samples = {
  signature: 'x-webhook-secret',
  authenticates: 'sender',
  headers: (_, secret) => ({ 'content-type': 'application/json', 'x-webhook-secret': secret }),
  events: [
    {
      what: 'resolved',
      payload: ours('6'),
      expected: {
        task,
        state: 'done',
        by: 'unknown',
        actor: 'ada',
        occurredAt: AT,
        revision: 7,
        delivery: 'e1',
      },
    },
    {
      what: 'closed days after it was resolved',
      payload: ours('7', {
        previous_state: '6',
        resolved_at: '2026-02-27 10:00:00',
        closed_at: '2026-03-01 10:00:00',
      }),
      expected: { task, state: 'done', occurredAt: Date.parse('2026-02-27T10:00:00Z') },
    },
    { what: 'canceled', payload: ours('8'), expected: { task, state: 'declined', occurredAt: AT } },
    {
      what: 'closed as a duplicate',
      payload: ours('7', { close_code: 'Duplicate' }),
      expected: { task, state: 'declined' },
    },
    {
      what: 'reopened',
      payload: ours('2', { previous_state: '6' }),
      expected: { task, state: 'open', reopened: true, occurredAt: AT },
    },
    { what: 'started', payload: ours('2', { previous_state: '1' }), expected: { task, state: 'open' } },
    { what: 'deleted', payload: ours('2', { operation: 'delete' }), expected: { task, state: 'deleted' } },
    {
      what: 'a change, successful',
      payload: ours('3', { table: 'change_request', close_code: 'successful_issues', previous_state: '0' }),
      expected: { task, state: 'done' },
    },
    {
      what: 'a change, unsuccessful',
      payload: ours('3', { table: 'change_request', close_code: 'unsuccessful', previous_state: '0' }),
      expected: { task, state: 'declined' },
    },
    {
      what: 'a problem whose risk was accepted',
      payload: ours('107', { table: 'problem', resolution_code: 'risk_accepted', previous_state: '106' }),
      expected: { task, state: 'declined' },
    },
    {
      what: 'a task of a catalog, closed skipped',
      payload: ours('7', { table: 'sc_task', previous_state: '1' }),
      expected: { task, state: 'declined' },
    },
    {
      what: 'a whole record, resolved',
      payload: record('6', { resolved_at: '2026-03-01 10:00:00' }),
      expected: { task, state: 'done', occurredAt: AT, revision: 9 },
    },
    { what: 'a whole record, open', payload: record('2'), expected: { task, state: 'open' } },
    {
      what: 'a rule that lists what changed, and names no instance',
      payload: listing(['priority', 'incident_state'], { incident_state: '6' }, { incident_state: '2' }),
      expected: { task: bare, state: 'done', occurredAt: AT },
    },
    {
      what: 'labels instead of values, and a number alone',
      payload: {
        eventId: 'e2',
        eventType: 'incident.resolved',
        payload: { number: 'INC0010001', state: 'Resolved' },
      },
      expected: { task: 'servicenow:inc0010001', state: 'done', delivery: 'e2' },
    },
  ],
  unknownStates: [
    ours('99'),
    ours('99', { active: 'false' }),
    ours('6.0'),
    ours('Solved, I think'),
    ours('__proto__'),
    ours('Approved'),
    ours('3'),
    ours('6', { table: 'u_ours' }),
    ours('3', { table: 'u_ours', active: 'true' }),
    ours('3', { table: undefined, active: undefined }),
    ours('3', { table: '__proto__' }),
  ],
  permalinks: [
    [`${classic}/sp/?id=ticket&table=incident&sys_id=${SYS_ID}`, task],
    [`${classic}/x_acme/help?id=form&sys_id=${SYS_ID}`, task],
    [`${classic}/$agent-workspace.do#/record/incident/${SYS_ID}`, task],
    [`${classic}/incident.do?sys_id=${SYS_ID}`, task],
    [`${classic}/incident.do?sysparm_view=itil&sys_id=${SYS_ID.toUpperCase()}#tab`, task],
    [
      `${classic}/task.do?sys_id=${SYS_ID}&sysparm_record_target=task&sysparm_query=sys_id=${'f'.repeat(32)}`,
      task,
    ],
    [`${classic}/nav_to.do?uri=incident.do?sys_id=${SYS_ID}`, task],
    [`${classic}/nav_to.do?uri=%2Fincident.do%3Fsys_id%3D${SYS_ID}%26sysparm_view%3D`, task],
    [`${classic}/now/nav/ui/classic/params/target/incident.do%3Fsys_id%3D${SYS_ID}`, task],
    [`${classic}/now/nav/ui/classic/params/target/incident.do%253Fsys_id%253D${SYS_ID}%2526a%253Db`, task],
    [`${classic}/now/sow/record/incident/${SYS_ID}`, task],
    [`${classic}/now/cwf/agent/record/incident/${SYS_ID}/params/selected-tab-index/1`, task],
    [`${classic}/sp?id=ticket&table=incident&sys_id=${SYS_ID}`, task],
    [`${classic}/esc?id=ticket&sys_id=${SYS_ID}`, task],
    [`${classic}/api/now/table/incident/${SYS_ID}`, task],
    [`${classic}/api/now/v2/table/incident/${SYS_ID}`, task],
    [`https://help.acme.example/incident.do?sys_id=${SYS_ID}`, `servicenow:help.acme.example/${SYS_ID}`],
    [`${classic}/incident.do?sysparm_query=number=INC0010001`, `servicenow:${HOST}/inc0010001`],
    [
      `${classic}/nav_to.do?uri=incident.do?sysparm_query=number%3DINC0010001`,
      `servicenow:${HOST}/inc0010001`,
    ],
    [`${classic}/text_search_exact_match.do?sysparm_search=INC0010001`, `servicenow:${HOST}/inc0010001`],
  ],
  notTasks: [
    '',
    SYS_ID,
    classic,
    `${classic}/incident.do?sys_id=-1`,
    `${classic}/incident.do?sys_id=-1&sysparm_query=parent.sys_id=${SYS_ID}`,
    `${classic}/incident.do?sys_id=${SYS_ID}0`,
    `${classic}/incident_list.do?sysparm_query=active=true`,
    `${classic}/task_list.do?sysparm_query=number=INC0010001^ORnumber=INC0010002`,
    `${classic}/incident.do?x=parent_sys_id=${SYS_ID}`,
    `${classic}/kb/articles/1?sys_id=${SYS_ID}`,
    `javascript://${HOST}/incident.do?sys_id=${SYS_ID}`,
  ],
};
