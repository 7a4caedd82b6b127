import type { z } from 'zod';
import type { Caller } from './calls.ts';
import { GarbledError } from './errors.ts';
import type { Page } from './schemas.ts';

/** incident.io's maximum page size. */
export const PAGE_SIZE = 250;

/** A list that comes in pages. */
export interface Listing<T> {
  route: string;
  purpose: string;
  query: [string, string][];
  schema: z.ZodType<Page<T>>;
  /** The list comes whole and takes no page size. */
  unpaged?: boolean;
}

/** All pages of a list, in order. Throws if one cannot be read: part of a list is never returned as the whole. */
export async function* pagesOf<T>(
  call: Caller,
  { route, purpose, query, schema, unpaged = false }: Listing<T>,
): AsyncIterable<T[]> {
  const seen = new Set<string>();
  let after: string | undefined;
  do {
    const parameters = new URLSearchParams(unpaged ? query : [['page_size', String(PAGE_SIZE)], ...query]);
    if (after !== undefined) parameters.set('after', after);
    const { value } = await call({ method: 'GET', route, path: route, query: parameters, purpose, schema });
    yield value.items;
    after = value.after;
    if (after !== undefined && seen.has(after)) {
      throw new GarbledError(
        `Could not ${purpose}: after ${seen.size + 1} pages incident.io named a page that it gave before, so the list would have no end. Nothing is concluded from it; it is tried again later. If this goes on, ask incident.io's support. (GET ${route})`,
      );
    }
    if (after !== undefined) seen.add(after);
  } while (after !== undefined);
}

/** All items of a list, in order. */
export async function allOf<T>(call: Caller, listing: Listing<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pagesOf(call, listing)) all.push(...page);
  return all;
}
