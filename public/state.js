// What the page remembers between two looks at the service.

export const state = {
  /** How many rows of a section were asked for. */
  limits: new Map(),
  /** What is unfolded: `incident/<id>`, `closure/<id>`. */
  opened: new Set(),
  /** The follow-ups of unfolded incidents, by the incident's id. */
  details: new Map(),
  /** Who looks, and whether they may change something. */
  user: { role: 'viewer', name: '' },
  /** What the search found. */
  found: undefined,
};

/** Asks for a new look at the service. */
export function refresh() {
  document.dispatchEvent(new Event('refresh'));
}
