import { allRows } from './rows.ts';

/** The text for a file of settings: each with what it is in a comment above. What has no value yet is there to be filled in. */
export function envText(values: ReadonlyMap<string, string | undefined>): string {
  return [...values]
    .map(([name, value]) => {
      if (value !== undefined && /[\r\n]/.test(value))
        throw new Error(`${name} cannot be written into a file of settings: it has several lines`);
      const doc = allRows.find((row) => row.name === name)?.doc ?? '';
      // Its meaning is Markdown.
      return `# ${doc.replaceAll('`', '')}\n${name}=${value === undefined ? '' : quoted(value)}\n`;
    })
    .join('\n');
}

/** As `util.parseEnv` of Node reads it: a `#` begins a comment, and there are no escapes. */
function quoted(value: string): string {
  if (!/[#'"`\s]/.test(value)) return value;
  const quote = ["'", '"', '`'].find((one) => !value.includes(one));
  if (quote === undefined) throw new Error('a value with all three kinds of quotes cannot be written');
  return `${quote}${value}${quote}`;
}
