/**
 * Output for people on a terminal. Names come from outside: a control character in one could move the cursor, forge a
 * line or control the terminal itself, so each is shown as its escape sequence.
 */

/** Controls (C0, DEL, C1), line and paragraph separators, and what changes the direction of text: https://www.unicode.org/reports/tr9/ */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** The text on one line, with escapes made visible. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The same for a text of ours with several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON that means the same to a program and nothing to a terminal; line breaks between its parts stay. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (sign) => (sign === '\n' ? sign : escaped(sign)));
}

/** Whether what goes to a terminal may have colours. https://no-color.org */
export function wantsColour(
  { isTTY }: { isTTY?: boolean | undefined } = process.stdout,
  { NO_COLOR }: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return isTTY === true && !NO_COLOR;
}

/** Prints each as one line, whatever it contains. */
export function printLines(...lines: readonly string[]): void {
  for (const line of lines) console.log(printable(line));
}

/** Like `printLines`, to stderr. */
export function warnLines(...lines: readonly string[]): void {
  for (const line of lines) console.error(printable(line));
}

export function printJson(value: unknown): void {
  console.log(printableJson(JSON.stringify(value, undefined, 2)));
}

/** Prints a text of ours as it is, which holds nothing from outside. */
export function printScript(text: string): void {
  process.stdout.write(text);
}
