import { expect } from 'vitest';

/** The sum of a metric of the service at `at`, over all its labels that have `label` among them. */
export async function sumOf(at: string, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${at}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => new RegExp(`^incident_closer_${name}[{ ]`).test(line) && line.includes(label));
  expect(lines, name).not.toEqual([]);
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
