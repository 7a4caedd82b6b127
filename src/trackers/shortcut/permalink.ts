import type { TaskKey } from '../../vocabulary.ts';

/** Where a story of Shortcut is: each workspace numbers its stories from one. */
export interface ShortcutPlace {
  /** The workspace's name in addresses. */
  workspace: string;
  number: string;
}

const WORKSPACE = /^[a-z0-9][\w-]{0,99}$/i;
const NUMBER = /^[1-9]\d{0,11}$/;

export function isWorkspace(text: string): boolean {
  return WORKSPACE.test(text);
}

export function keyOf({ workspace, number }: ShortcutPlace): TaskKey {
  return `shortcut:${workspace.toLowerCase()}/${number}`;
}

/** The place that a key names. */
export function placeOf(task: TaskKey): ShortcutPlace | undefined {
  const [workspace = '', number = ''] = task.slice('shortcut:'.length).split('/');
  return isWorkspace(workspace) && NUMBER.test(number) ? { workspace, number } : undefined;
}

/** Parses the addresses of stories, including those from when Shortcut was called Clubhouse. Ignores the title. */
export function locate(permalink: string): ShortcutPlace | undefined {
  const [workspace = '', kind, number = ''] = segmentsOf(permalink);
  return kind === 'story' && isWorkspace(workspace) && NUMBER.test(number)
    ? { workspace, number }
    : undefined;
}

/** The workspace of any address in Shortcut, an epic's for one. */
export function workspaceOf(address: string): string | undefined {
  const [workspace = '', ...rest] = segmentsOf(address);
  return rest.length > 0 && isWorkspace(workspace) ? workspace : undefined;
}

function segmentsOf(address: string): string[] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return [];
  if (url.host !== 'app.shortcut.com' && url.host !== 'app.clubhouse.io') return [];
  return url.pathname.split('/').filter((part) => part !== '');
}
