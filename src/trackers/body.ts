import type { z } from 'zod';

const BYTE_ORDER_MARK = 0xfeff;

/**
 * The JSON of a body, or undefined if it is none; skips a byte order mark. Never throws, whatever the bytes.
 * https://www.rfc-editor.org/rfc/rfc8259#section-8.1
 */
export function parseJson(body: Buffer): unknown {
  try {
    const text = body.toString('utf8');
    return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

/** A header that may occur only once. */
export function header(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  name: string,
): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Milliseconds of an RFC 3339 time; undefined if there is none or it cannot be parsed. */
export function millis(time: string | null | undefined): number | undefined {
  const value = Date.parse(time ?? '');
  return Number.isNaN(value) ? undefined : value;
}

/** The invalid fields of a body, without their values. */
export function schemaMismatch(error: z.ZodError): string {
  const fields = error.issues.map(({ path }) => path.join('.') || 'the body itself');
  return `${[...new Set(fields)].slice(0, 3).join(', ')} is missing or not as documented`;
}
