/** What each child shows, to see what is new. */
const shown = new WeakMap();

/** Makes the children of `parent` those of `items`, leaving as they are those of which nothing changed. */
export function keep(parent, items, keyOf, make, fill) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  arrange(
    parent,
    items.map((item) => {
      const key = keyOf(item);
      const text = fill ? key : JSON.stringify(item);
      let child = before.get(key);
      if (child === undefined || shown.get(child) !== text) {
        child = make(item);
        child.dataset.key = key;
        shown.set(child, text);
      }
      fill?.(child, item);
      return child;
    }),
  );
}

/** Makes the children of `parent` these elements, moving as few as is easy to see. */
export function arrange(parent, elements) {
  const wanted = new Set(elements);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const element of elements) {
    if (element !== place && element === place?.nextElementSibling) {
      // Only the one before it has moved: it comes further down.
      place.remove();
      place = element;
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}
