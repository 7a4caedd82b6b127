/** What a text holds as JSON; `undefined`, which JSON cannot say, where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
