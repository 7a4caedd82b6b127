import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const tree = z.record(z.string(), z.unknown());

/**
 * Renders a chart whose templates use these four forms and nothing else, as Helm does: `{{ .Path }}`,
 * `{{- toYaml .Path | nindent N }}`, `{{- if .Path }}` and `{{- end }}`. https://helm.sh/docs/chart_template_guide/
 * Throws for any other form, and for a path that leads nowhere.
 */
export function renderChart(
  folder: string,
  { release, values = {} }: { release: string; values?: Record<string, unknown> },
): string {
  const defaults = tree.parse(parse(readFileSync(join(folder, 'values.yaml'), 'utf8')));
  const context = { Values: merged(defaults, values), Release: { Name: release } };
  return readdirSync(join(folder, 'templates'))
    .sort()
    .map((file) => renderTemplate(readFileSync(join(folder, 'templates', file), 'utf8'), context))
    .filter((text) => text.trim() !== '')
    .join('\n---\n');
}

function renderTemplate(template: string, context: Record<string, unknown>): string {
  // `{{-` eats the white space before it.
  const whole = /^\s*\{\{- if (\.[\w.]+) \}\}([\s\S]*?)\s*\{\{- end \}\}\s*$/.exec(template);
  if (whole !== null)
    return valueAt(whole[1] ?? '', context) === true ? renderTemplate(whole[2] ?? '', context) : '';
  const text = template
    .replaceAll(/\s*\{\{- toYaml (\.[\w.]+) \| nindent (\d+) \}\}/g, (_, path: string, indent: string) => {
      const lines = stringify(valueAt(path, context)).trimEnd().split('\n');
      return `\n${lines.map((line) => ' '.repeat(Number(indent)) + line).join('\n')}`;
    })
    .replaceAll(/\{\{ (\.[\w.]+) \}\}/g, (_, path: string) => {
      const value = valueAt(path, context);
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new Error(`${path} is no text and no number`);
      return String(value);
    });
  if (text.includes('{{')) throw new Error(`more than plain: ${/\{\{.*/.exec(text)?.[0]}`);
  return text;
}

function valueAt(path: string, context: unknown): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>((inner, key) => {
      const found = tree.safeParse(inner);
      if (!found.success || !(key in found.data)) throw new Error(`${path} is in no values`);
      return found.data[key];
    }, context);
}

function merged(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(over).map(([key, value]) => {
    const [a, b] = [tree.safeParse(under[key]), tree.safeParse(value)];
    return [key, a.success && b.success ? merged(a.data, b.data) : value] as const;
  });
  return { ...under, ...Object.fromEntries(entries) };
}
