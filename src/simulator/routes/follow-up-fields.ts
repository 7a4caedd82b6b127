import { z } from 'zod';
import type { FollowUpSetup } from '../changes.ts';
import { invalid } from '../problems.ts';
import { maybe } from '../reading.ts';
import type { World } from '../world.ts';

/** What may be written to a follow-up besides its title and status. Null unassigns. */
export const FollowUpFields = z.object({
  description: maybe,
  assignee_id: maybe,
  assignee_team_id: maybe,
  follow_up_category_id: maybe,
  follow_up_priority_option_id: maybe,
  labels: z.array(z.string()).optional(),
});

type Given = z.infer<typeof FollowUpFields>;

/** The fields that are given, with ids looked up; an id that nobody has is refused. A cleared one is undefined. */
export function resolveFields(world: World, given: Given): FollowUpSetup {
  const fields: FollowUpSetup = {};
  const set = <K extends keyof FollowUpSetup>(key: K, value: FollowUpSetup[K]): void => {
    fields[key] = value;
  };
  if (given.description !== undefined) set('description', given.description ?? undefined);
  if (given.labels !== undefined) set('labels', given.labels);
  if (given.assignee_id !== undefined) set('assignee', found(world.users, 'assignee_id', given.assignee_id));
  if (given.assignee_team_id !== undefined) {
    set('team', found(world.teams, 'assignee_team_id', given.assignee_team_id));
  }
  if (given.follow_up_category_id !== undefined) {
    set('category', found(world.categories, 'follow_up_category_id', given.follow_up_category_id));
  }
  if (given.follow_up_priority_option_id !== undefined) {
    const id = given.follow_up_priority_option_id;
    set('priority', found(world.priorities, 'follow_up_priority_option_id', id));
  }
  return fields;
}

function found<T extends { id: string }>(
  list: readonly T[],
  field: string,
  id: string | null,
): T | undefined {
  if (id === null || id === '') return undefined;
  const entry = list.find((candidate) => candidate.id === id);
  if (entry === undefined) throw invalid(field, 'Nothing here has that ID');
  return entry;
}
