/** Payloads of Shortcut's webhooks, written by hand from their documented fields. */

export const CHANGED_AT = '2026-03-01T10:00:00.000Z';
const MEMBER = '5b1fda16-626f-487f-9ecf-f3a4abf42b8b';

export function state(id: number, type: string | undefined, name = 'Whatever the team calls it') {
  return { id, entity_type: 'workflow-state', name, ...(type !== undefined && { type }) };
}

export function story(changes: unknown, over: Record<string, unknown> = {}) {
  return {
    id: 12,
    entity_type: 'story',
    action: 'update',
    name: 'Alert when the disk of the queue runs full – größer als 80 %',
    story_type: 'chore',
    app_url: 'https://app.shortcut.com/acme/story/12',
    changes,
    ...over,
  };
}

export function sent(actions: unknown, references: unknown = [], over: Record<string, unknown> = {}) {
  return {
    id: '641b754b-3f7f-4040-b9d9-4cc44a840b94',
    changed_at: CHANGED_AT,
    version: 'v1',
    primary_id: 12,
    member_id: MEMBER,
    actions,
    references,
    ...over,
  };
}

/** From the state 50 to the state 51, of these types. */
export function transition(
  from: string | undefined,
  to: string | undefined,
  name?: string,
  over: Record<string, unknown> = {},
) {
  const wasDone = from === 'done';
  const isDone = to === 'done';
  const changes = {
    workflow_state_id: { old: 50, new: 51 },
    ...(wasDone !== isDone && { completed: { old: wasDone, new: isDone } }),
  };
  return sent([story(changes)], [state(50, from), state(51, to, name)], over);
}

/** As it was recorded from a real workspace: a story goes without its address. */
export function deleted(beside: unknown[] = []) {
  const gone = { id: 12, entity_type: 'story', action: 'delete', name: 'A story', story_type: 'chore' };
  return sent([gone, { id: 13, entity_type: 'story-comment', action: 'delete' }, ...beside]);
}

export function created() {
  const action = story(undefined, { action: 'create', workflow_state_id: 51 });
  return sent([action], [state(51, 'backlog', 'Backlog')]);
}
