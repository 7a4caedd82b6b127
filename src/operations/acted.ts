import type { StoreContext } from '../context/context.ts';
import type { OperatorAction } from '../store/history/operator-actions.ts';
import { addToStories } from '../store/history/stories.ts';
import type { StoryEntry } from '../store/history/story.ts';
import type { Change } from '../store/tables.ts';

/**
 * Records what an operator did, together with the writes that do it: all of them, or none. Then adds it to the stories
 * of these incidents.
 */
export async function recordAction(
  action: OperatorAction,
  incidents: readonly string[],
  context: StoreContext,
  changes: readonly Change[] = [],
): Promise<void> {
  const { store } = context;
  await store.tables.put([...changes, await store.actions.change(action)]);
  await tellAction(action, incidents, context);
}

/** Adds what an operator did to the stories of these incidents. */
export async function tellAction(
  action: OperatorAction,
  incidents: readonly string[],
  context: StoreContext,
): Promise<void> {
  const { incident: _, ...about } = action;
  const entry: StoryEntry = { kind: 'action', ...about };
  await addToStories(new Map(incidents.map((id) => [id, [entry]])), context);
}
