import type { ObservedSince } from './start-records.ts';

export const NOTHING_OBSERVED: ObservedSince = { added: {} };

/** Kinds of sources: the webhooks and the API of a tracker, private incidents, and the right to write follow-ups. */
export type SourceKind = 'webhooks' | 'token' | 'role' | 'writes';

export const sourceOf = (name: string, kind: SourceKind): string => `${name} ${kind}`;
export const PRIVATE_INCIDENTS = sourceOf('global_access', 'role');
export const FOLLOW_UP_WRITES = sourceOf('follow-up', 'writes');
