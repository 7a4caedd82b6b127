import type { TaskKey } from '../../vocabulary.ts';

/** Where an issue of Linear is. */
export interface LinearPlace {
  /** The workspace's name in addresses; absent in an address that depends on who is signed in. */
  workspace?: string;
  /** `ENG-123` */
  identifier: string;
}

const WORKSPACE = /^[a-z0-9][\w-]{0,99}$/i;
const IDENTIFIER = /^[A-Z0-9]{1,50}-[1-9]\d{0,11}$/i;

export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

/** Both are case-insensitive. */
export function keyOf({ workspace, identifier }: LinearPlace): TaskKey {
  const place = workspace === undefined ? '' : `${workspace.toLowerCase()}/`;
  return `linear:${place}${identifier.toUpperCase()}`;
}

/** The place that a key names; undefined for ids. */
export function placeOf(task: TaskKey): LinearPlace | undefined {
  const [, workspace, identifier = ''] = /^linear:(?:([^/:]+)\/)?([^/:]+)$/.exec(task) ?? [];
  if (!isIdentifier(identifier)) return undefined;
  return workspace === undefined ? { identifier } : { workspace, identifier };
}

/** Parses the addresses of issues, in the browser and in the app. Ignores the title and whatever follows it. */
export function locate(permalink: string): LinearPlace | undefined {
  const segments = segmentsOf(permalink);
  const start = segments[0] === 'issue' ? 0 : 1;
  const [kind, identifier = ''] = segments.slice(start);
  if (kind !== 'issue' || !isIdentifier(identifier)) return undefined;
  const workspace = segments[0] ?? '';
  if (start === 0) return { identifier };
  return WORKSPACE.test(workspace) ? { workspace, identifier } : undefined;
}

/** The workspace of any address in Linear, a person's profile for one. */
export function workspaceOf(address: string): string | undefined {
  const [workspace = '', ...rest] = segmentsOf(address);
  return rest.length > 0 && workspace !== 'issue' && WORKSPACE.test(workspace) ? workspace : undefined;
}

function segmentsOf(address: string): string[] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) return [];
  const path = url.pathname.split('/').filter((part) => part !== '');
  // linear://acme/issue/ENG-123
  if (url.protocol === 'linear:') return [url.host, ...path].filter((part) => part !== '');
  return /^https?:$/.test(url.protocol) && /^(www\.)?linear\.app$/.test(url.host) ? path : [];
}
