import type { z } from 'zod';

/**
 * The JSON of a body, or undefined where it is none; a byte order mark before it is passed over. Never throws, for any
 * bytes. https://www.rfc-editor.org/rfc/rfc8259#section-8.1
 */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** A header that may come once only. */
export function header(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  name: string,
): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Milliseconds of an RFC 3339 time; undefined where there is none or it cannot be read. */
export function millis(time: string | null | undefined): number | undefined {
  const value = Date.parse(time ?? '');
  return Number.isNaN(value) ? undefined : value;
}

/** The fields of a body that do not fit, without what is in them. */
export function unfit(error: z.ZodError): string {
  const fields = error.issues.map(({ path }) => path.join('.') || 'the body itself');
  return `${[...new Set(fields)].slice(0, 3).join(', ')} is missing or not as documented`;
}
