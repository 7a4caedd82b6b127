/** The shapes in which worlds of Azure DevOps are told. */

export const PANELS = [
  'an item over a board',
  'an item over another one',
  'an item over a sprint',
  'an item over a query',
] as const;
export const LINKS = [
  'a link without the project',
  'the page of old hosts',
  'a link of the API',
  'an old list',
] as const;
export const PLACES = [
  'Server',
  'Server under another directory',
  'Server at its root',
  'the old host',
] as const;

/** Names of states: of Microsoft's processes in other languages, and of people's own. */
export const CLOSED_SHAPES = [
  'closed in Chinese',
  'a closed state called Approved',
  'a closed state of an own name',
] as const;
export const CLOSED = {
  'closed in Chinese': '已关闭',
  'a closed state called Approved': 'Approved',
  'a closed state of an own name': 'Deployed',
} as const satisfies Record<(typeof CLOSED_SHAPES)[number], string>;
/** `System.Reason` of what will not be done, as default processes and teams write it. */
export const WORDS = ['Wont Fix', 'Won’t do', 'won-t fix', 'Cancelled', 'Out of scope', 'Rejected'];

export const OWN_NAME = 'a service account closes into a state of an own name';

export const SHAPES = [
  ...PANELS,
  ...LINKS,
  ...PLACES,
  ...CLOSED_SHAPES,
  'no token',
  'a service account in the item',
  'a collection without the field of who closed',
  'an open state called Completed',
  'declined by its category',
  'Will not be done in other words',
  'a service account declines',
  'a service account closes what is tagged stale',
  OWN_NAME,
  'without the date of the closing',
  'a revision that is newer than the change',
  'events of other kinds',
  'an item that is not shown',
  'a project whose states are not shown',
];

export const CHANGED = 'Microsoft.VSTS.Common.StateChangeDate';
export const CLOSED_DATE = 'Microsoft.VSTS.Common.ClosedDate';
export const CLOSED_BY = 'Microsoft.VSTS.Common.ClosedBy';
