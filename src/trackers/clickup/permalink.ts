import type { TaskKey } from '../../vocabulary.ts';

/** Where a task of ClickUp is: by its own id, which is one in all of ClickUp, or by a custom id of one Workspace. */
export type ClickUpPlace = { id: string } | { workspace: string; customId: string };

const ID = /^[a-z0-9]{1,30}$/i;
/** A prefix of letters, digits and underscores, and a number. */
const CUSTOM_ID = /^[a-z0-9_]{1,50}-\d{1,12}$/i;
const WORKSPACE = /^\d{1,20}$/;
/** Workspaces may have a host of their own. Public links (`sharing.clickup.com`) carry no id of a task. */
const HOST = /^(?!sharing\.|api\.|help\.|developer\.)[a-z0-9-]+\.clickup\.com$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

/** Both kinds of ids are case-insensitive. */
export function keyOf(place: ClickUpPlace): TaskKey {
  return 'id' in place
    ? `clickup:${place.id.toLowerCase()}`
    : `clickup:${place.workspace}/${place.customId.toUpperCase()}`;
}

/** The place that a key names. */
export function placeOf(task: TaskKey): ClickUpPlace | undefined {
  const [workspace = '', customId] = task.slice('clickup:'.length).split('/');
  if (customId !== undefined) return { workspace, customId };
  return isId(workspace) ? { id: workspace } : undefined;
}

/**
 * Parses `/t/<id>`, `/t/<workspace>/<id>` and `/t/<workspace>/<custom id>`; ignores query and fragment. A `/t/` after
 * anything else is a chat message.
 */
export function locate(permalink: string): ClickUpPlace | undefined {
  const url = URL.canParse(permalink) ? new URL(permalink) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || !HOST.test(url.host)) return undefined;
  const [kind, first = '', second, ...rest] = url.pathname.split('/').filter((part) => part !== '');
  if (kind !== 't' || rest.length > 0) return undefined;
  if (second === undefined) return isId(first) ? { id: first } : undefined;
  if (!WORKSPACE.test(first)) return undefined;
  if (CUSTOM_ID.test(second)) return { workspace: first, customId: second };
  return isId(second) ? { id: second } : undefined;
}
