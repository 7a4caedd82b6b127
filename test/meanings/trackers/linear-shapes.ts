/** The shapes in which worlds of Linear are told. */

export const LINKS = [
  'a link without the title',
  'a link of the app',
  'a link without the workspace',
  'a link with a comment',
] as const;
export const MACHINES = [
  'closed by itself for want of activity',
  'closed with its parent',
  'an app cancels',
  'an app closes what is labelled stale',
] as const;

export const SHAPES = [
  ...LINKS,
  ...MACHINES,
  'no token',
  'an app in the history',
  'two workspaces',
  'a state of another name',
  'an open state called Done',
  'a duplicate in a state of the type canceled',
  'told without the former values',
  'archived after it was closed',
  'thrown into the trash by an update',
  'an issue without its address',
  'no history of states in the API',
  'an issue of a private team',
  'events of other kinds',
];

/** Fields that an issue has in the API, and not in each webhook. */
export const EMPTY = {
  completedAt: null,
  canceledAt: null,
  autoClosedAt: null,
  trashed: null,
  archivedAt: null,
  startedAt: null,
};
