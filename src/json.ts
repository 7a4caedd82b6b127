/** Parses a text as JSON; `undefined`, which JSON has no value for, if it is not. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
