import { z } from 'zod';
import { invalid } from './problems.ts';

/** Reads bodies and query parameters; what does not fit is answered with 422 and the field's name. */

export function parseFields<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String) ?? [];
  const missing = valueAt(body, path) === undefined;
  const message = missing ? 'This field is required' : (issue?.message ?? 'This body cannot be read');
  throw invalid(path.join('.') || 'body', message, missing ? 'is_required' : 'invalid_value');
}

/** A text that says something. */
export const nonEmptyText = z.string().trim().min(1);
/** Left out, or null: both are met in the wild for "nothing". */
export const maybe = z.string().nullish();

function valueAt(body: unknown, path: readonly string[]): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key === step)?.[1];
  }
  return value;
}

export function readPageSize(query: URLSearchParams, max: number, min = 1): number {
  const given = query.get('page_size');
  if (given === null || given === '') return 25;
  const size = Number(given);
  if (Number.isInteger(size) && size >= min && size <= max) return size;
  throw invalid('page_size', `page_size has to be a whole number from ${min} to ${max}`);
}

/** One of the words allowed, or undefined where the parameter is not given. */
export function readEnum<T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const given = query.get(name);
  return given === null || given === '' ? undefined : enumOf(name, given, allowed);
}

/** All values of a repeated parameter such as `mode[one_of]`; undefined where it is not given. */
export function readEnums<T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T[] | undefined {
  const given = query.getAll(name).filter((value) => value !== '');
  return given.length === 0 ? undefined : given.map((value) => enumOf(name, value, allowed));
}

/** `name[gte]`, `name[lte]` and `name[date_range]=a~b` as one test of a time in ms; undefined where none is given. */
export function readTimeFilter(query: URLSearchParams, name: string): ((at: number) => boolean) | undefined {
  const tests: ((at: number) => boolean)[] = [];
  for (const from of query.getAll(`${name}[gte]`)) {
    const ms = readTime(name, from);
    tests.push((at) => at >= ms);
  }
  for (const to of query.getAll(`${name}[lte]`)) {
    const ms = readTime(name, to);
    tests.push((at) => at <= ms);
  }
  for (const range of query.getAll(`${name}[date_range]`)) {
    const [from = '', to = ''] = range.split('~');
    const [first, last] = [readTime(name, from), readTime(name, to)];
    tests.push((at) => at >= first && at <= last);
  }
  return tests.length === 0 ? undefined : (at) => tests.every((test) => test(at));
}

/**
 * A page of what fits, after the entry of id `after`, and whether there is more. An unknown `after` is refused. What is
 * before the page costs a comparison each, so that long lists stay quick.
 */
export function pageOf<T extends { id: string }>(
  entries: Iterable<T>,
  after: string | null,
  size: number,
  fits: (entry: T) => boolean = () => true,
): { page: T[]; next: string | undefined } {
  const page: T[] = [];
  let reached = after === null || after === '';
  for (const entry of entries) {
    if (!reached) {
      reached = entry.id === after && fits(entry);
      continue;
    }
    if (!fits(entry)) continue;
    if (page.length === size) return { page, next: page.at(-1)?.id };
    page.push(entry);
  }
  if (!reached) throw invalid('after', 'There is no record of that ID in this list');
  return { page, next: undefined };
}

function enumOf<T extends string>(name: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === given);
  if (found !== undefined) return found;
  throw invalid(name, `'${given}' is not one of ${allowed.join(', ')}`);
}

function readTime(name: string, given: string): number {
  const ms = Date.parse(given);
  if (Number.isNaN(ms)) throw invalid(name, `'${given}' is not a time`);
  return ms;
}
