/**
 * Whether an error is caused by the data to be written, so that a retry would fail again: SQLSTATE class 22 (data
 * exception) and 54 (a limit). https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isDataFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && /^(22|54)[0-9A-Z]{3}$/.test(String(error.code))) return true;
  return isDataFault(error.cause);
}
