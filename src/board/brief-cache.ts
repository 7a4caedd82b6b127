import type { StoreContext } from '../context/context.ts';

/** The maximum age of what people see, ms; however many are watching, the store is read once in that time. */
const FRESH = 1_000;

/** Shares a recent result with everybody who asks for the same. */
export function cachedBriefly<A, R>(read: (asked: A, context: StoreContext) => Promise<R>) {
  const known = new Map<string, { at: number; view: Promise<R> }>();
  const ask = (asked: A, context: StoreContext): Promise<R> => {
    const now = Date.now();
    for (const [key, { at }] of known) if (now - at > FRESH || at > now) known.delete(key);
    const key = JSON.stringify(asked);
    const found = known.get(key);
    if (found !== undefined) return found.view;
    const view = read(asked, context);
    known.set(key, { at: now, view });
    view.catch(() => known.delete(key));
    return view;
  };
  return Object.assign(ask, { forget: () => known.clear() });
}
