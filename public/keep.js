import { state } from './state.js';

/** What each child shows, to see what is new. */
const shown = new WeakMap();

/** Makes the children of `parent` those of `items`, leaving as they are those of which nothing changed. */
export function keep(parent, items, keyOf, make, fill) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const text = fill ? key : JSON.stringify([item, state.details.get(item.id)]);
    let child = before.get(key);
    before.delete(key);
    if (child === undefined || shown.get(child) !== text) {
      const fresh = make(item);
      fresh.dataset.key = key;
      shown.set(fresh, text);
      if (child) {
        if (child === place) place = fresh;
        child.replaceWith(fresh);
      } else parent.insertBefore(fresh, place);
      child = fresh;
    } else if (child !== place) parent.insertBefore(child, place);
    fill?.(child, item);
    place = child.nextElementSibling;
  }
  for (const child of before.values()) child.remove();
}
