import { NotFoundError } from './errors.ts';

/** An id as one segment of a path. Throws `NotFoundError` for anything that would name another path. */
export function segment(id: string): string {
  if (/^\s*\.{0,2}\s*$/.test(id)) {
    throw new NotFoundError(`"${id}" is no id, so incident.io was not asked. Give the full id, or INC-123.`);
  }
  return encodeURIComponent(id);
}

/** The API takes the number of a reference, not the reference itself: `INC-123` is requested as `123`. */
export function incidentSegment(id: string): string {
  return segment(/^INC-(\d+)$/i.exec(id.trim())?.[1] ?? id);
}
