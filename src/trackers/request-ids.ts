import { bounded } from '../outside-text.ts';
import { header, parseJson } from './body.ts';
import type { Delivery, Source } from './tracker.ts';

/** An unverified body is parsed for its ids only up to this size, in bytes. */
const PARSED = 64 * 1024;
const LONGEST = 100;
const LONGEST_FIELD = 200;

export interface IdsOfRequest {
  id?: string;
  hook?: string;
}

/**
 * The ids that a request carries, whoever sent it: for people, never for a decision. `isRead`: its events have its own id,
 * for which the body need not be parsed again.
 */
export function idsOf(
  { ids = {} }: Pick<Source, 'ids'>,
  { headers, body }: Delivery,
  isRead = false,
): IdsOfRequest {
  const named = (names: readonly string[] = []) =>
    names.map((name) => header(headers, name)).find((value) => value !== undefined);
  const id = named(ids.delivery) ?? (isRead ? undefined : fieldOf(body, ids.deliveryField));
  const hook = named(ids.hook) ?? textAfter(body, ids.hookField);
  return {
    ...(id !== undefined && { id: bounded(id, LONGEST) }),
    ...(hook !== undefined && { hook: bounded(hook, LONGEST) }),
  };
}

function fieldOf(body: Buffer, name: string | undefined): string | undefined {
  if (name === undefined || body.length > PARSED) return undefined;
  const json = parseJson(body);
  if (typeof json !== 'object' || json === null) return undefined;
  const value: unknown = Reflect.get(json, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The text of the first field of that name, wherever it is: parsing each body once more would cost too much. */
function textAfter(body: Buffer, name: string | undefined): string | undefined {
  const at = name === undefined ? -1 : body.indexOf(`"${name}"`);
  if (at === -1) return undefined;
  const rest = body.toString('utf8', at, at + LONGEST_FIELD);
  return /^"\w+"\s*:\s*"([\w.:-]+)"/.exec(rest)?.[1];
}
