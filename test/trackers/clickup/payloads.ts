/** Payloads of ClickUp's webhooks, written by hand from their documented fields. */
import { AT } from '../samples.ts';

export const ada = { id: 183, username: 'Ada', email: 'ada@acme.example' };
export const clickBot = { id: -1, username: 'ClickBot', email: null };

export function status(name: string | null, type: string) {
  return { status: name, type, color: '#7b68ee', orderindex: 1 };
}

export const toDo = status('to do', 'open');
export const inProgress = status('in progress', 'custom');
export const complete = status('complete', 'closed');

export function item(field: string, before: unknown, after: unknown, over: Record<string, unknown> = {}) {
  return {
    id: '2800787326392370170',
    type: 1,
    date: String(AT),
    field,
    parent_id: '162641062',
    data: {},
    source: null,
    user: ada,
    before,
    after,
    ...over,
  };
}

export function sent(event: string, items: unknown, over: Record<string, unknown> = {}) {
  return { event, history_items: items, task_id: '86cvyxabb', webhook_id: '7fa3ec74', ...over };
}

/** From one status to another. */
export function changed(before: unknown, after: unknown, over: Record<string, unknown> = {}) {
  return sent('taskStatusUpdated', [item('status', before, after, over)]);
}

export function created() {
  return sent('taskCreated', [
    item('status', status(null, 'removed'), toDo, { data: { status_type: 'open' } }),
    item('task_creation', null, null),
  ]);
}

export function moved(event: string) {
  const list = (id: string) => ({ id, name: 'A list', project: { id: '7', name: 'A space' } });
  return sent(event, [item('section_moved', list('1'), list('2'))]);
}
