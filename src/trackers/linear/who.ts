/** Who changed an issue, as webhooks and the API show accounts. */
import type { TaskStateName } from '../../vocabulary.ts';
import { closing, type Who } from '../automation.ts';

export interface LinearAccount {
  id?: string | null | undefined;
  name?: string | null | undefined;
  kind: 'person' | 'app' | 'integration';
}

/**
 * Of a person the id is told, of a machine the name. Integrations also close what was merged or deployed: a decline is
 * only an app's own word, since an integration may copy it from elsewhere.
 */
export function whoIs(
  state: TaskStateName,
  { id, name, kind }: LinearAccount,
  labels: readonly string[],
): Who {
  const actor = (kind === 'person' ? undefined : name) ?? id;
  // What only copies the state of another tracker declines nothing by itself.
  const said = state === 'declined' && kind === 'integration' ? 'done' : state;
  const { by, machineLabels } = closing({
    state: said,
    account: name,
    kind: kind === 'person' ? 'person' : 'machine',
    labels,
  });
  const kept = state === 'done' && machineLabels !== undefined ? { machineLabels } : {};
  return { by, ...kept, ...(actor && { actor }) };
}
