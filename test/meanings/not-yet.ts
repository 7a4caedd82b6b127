/** Shapes that the product still misreads, so that no world has them yet. */
export const NOT_YET: ReadonlySet<string> = new Set([]);
