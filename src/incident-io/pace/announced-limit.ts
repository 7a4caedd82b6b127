/** One of incident.io's limits: a number of requests per window in ms, refilled continuously. */
export interface Limit {
  limit: number;
  window: number;
}

/** What an answer says about the limits that apply to it. */
export interface Announced {
  /** The limit of the whole API key. */
  key: Limit;
  /** A lower limit of this endpoint, if it has one. */
  route?: Limit;
  /** How many requests are left in the binding limit, and which that is. */
  remaining?: number;
  binding: 'key' | 'route';
}

/** The window of a limit if the answer does not say. */
const WINDOW = 60_000;

/**
 * Parses `X-RateLimit-Limit: 60, 1200;window=60, 60;window=60` (the binding limit, then every limit with its window in
 * seconds) and `X-RateLimit-Remaining`. Undefined if they are missing or make no sense: incident.io omits both if it
 * does not know them. Observed: only the list of incidents has a limit of its own.
 * https://docs.incident.io/api-reference/introduction
 */
export function announcedBy(headers: Record<string, string>): Announced | undefined {
  const [first = '', ...rest] = (headers['x-ratelimit-limit'] ?? '').split(',');
  const binding = wholeNumber(first);
  if (binding === undefined || binding < 1) return undefined;

  const limits = rest.flatMap((text) => limitIn(text) ?? []).sort((a, b) => rate(b) - rate(a));
  const key = limits[0] ?? { limit: binding, window: WINDOW };
  const last = limits.at(-1);
  const route = last !== undefined && rate(last) < rate(key) ? last : undefined;
  const remaining = wholeNumber(headers['x-ratelimit-remaining'] ?? '');
  return {
    key,
    ...(route && { route }),
    ...(remaining !== undefined && { remaining }),
    binding: route?.limit === binding ? 'route' : 'key',
  };
}

/** Requests per millisecond. */
export function rate({ limit, window }: Limit): number {
  return limit / window;
}

function limitIn(text: string): Limit | undefined {
  const [quota = '', ...parameters] = text.split(';');
  const limit = wholeNumber(quota);
  const seconds = wholeNumber(/^\s*window\s*=\s*(.*)$/.exec(parameters.join(';'))?.[1] ?? '');
  return limit && seconds ? { limit, window: seconds * 1000 } : undefined;
}

function wholeNumber(text: string): number | undefined {
  return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined;
}
