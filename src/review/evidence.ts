import type { Closure } from '../store/records.ts';
import type { Facts } from './facts.ts';
import type { CountedFollowUp } from './sentences.ts';

/** What a closing rests on, of one follow-up. */
export function evidenceOf(
  { followUp, task, taskState, history }: CountedFollowUp,
  { answers }: Facts,
): Closure['evidence'][number] {
  const answer = task === undefined ? undefined : answers?.get(task);
  const confirmedAt = answer?.kind === 'answered' ? answer.at : undefined;
  const { id, title, status, reference } = followUp;
  const { name, permalink: url } = reference ?? {};
  const { setBacks } = history;
  const row = { followUp: id, title, name, url, status, task, confirmedAt, setBacks };
  if (taskState === undefined || taskState.state === 'unknown-duplicate') return row;
  const { state, by, actor, since, delivery } = taskState;
  return { ...row, state, by, actor, since, delivery };
}
