// What the page remembers between two looks at the service.

export const state = {
  /** How many rows of a section were asked for. */
  limits: new Map(),
  /** What is unfolded: `closure/<id>`. */
  opened: new Set(),
  /** Who looks, and whether they may change something. */
  user: { role: 'viewer', name: '' },
};

const FOLDED = 'incident-closer folded';

/** The sections that this browser's reader folded. */
export function folded() {
  try {
    const known = JSON.parse(localStorage.getItem(FOLDED) ?? '[]');
    return new Set(Array.isArray(known) ? known : []);
  } catch {
    // Without storage, or with something else in it, all are unfolded.
    return new Set();
  }
}

export function fold(id, isFolded) {
  const all = folded();
  if (isFolded) all.add(id);
  else all.delete(id);
  try {
    localStorage.setItem(FOLDED, JSON.stringify([...all]));
  } catch {
    // Then it is not remembered.
  }
  refresh();
}

/** Asks for a new look at the service. */
export function refresh() {
  document.dispatchEvent(new Event('refresh'));
}
