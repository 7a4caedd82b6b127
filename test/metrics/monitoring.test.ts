import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createGauges } from '../../src/gauges/gauges.ts';
import { createMetrics } from '../../src/metrics/counters.ts';

/** The files of monitoring/ name nothing that /metrics does not have. */

const file = (name: string) => readFileSync(new URL(`../../monitoring/${name}`, import.meta.url), 'utf8');

const rules = z
  .object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            alert: z.string(),
            expr: z.string(),
            labels: z.object({ severity: z.enum(['warning', 'critical']) }),
            annotations: z.object({ summary: z.string(), action: z.string().min(40) }),
          }),
        ),
      }),
    ),
  })
  .parse(parse(file('alerts.yml')))
  .groups.flatMap(({ rules }) => rules);

const { panels } = z
  .object({
    panels: z.array(
      z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
    ),
  })
  .parse(JSON.parse(file('grafana-dashboard.json')));

const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** The names that a scrape gives, with the labels of each. */
async function known(): Promise<Map<string, readonly string[]>> {
  const { registry } = createMetrics({ sources: ['github'], work: true });
  createGauges(registry);
  const names = new Map<string, readonly string[]>();
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const metric = registry.getSingleMetric(name);
    const labels = metric !== undefined && 'labelNames' in metric ? metric.labelNames : [];
    const own = z.array(z.string()).parse(labels);
    if (String(type) === 'histogram')
      for (const part of ['bucket', 'sum', 'count']) names.set(`${name}_${part}`, [...own, 'le']);
    else names.set(name, own);
  }
  return names;
}

describe('what monitoring/ asks for', () => {
  it.each(expressions)('exists, for “%s”: %s', async (_, expr) => {
    const names = await known();
    const asked = [...expr.matchAll(/(incident_closer_\w+)(?:\{([^}]*)\})?/g)];
    expect(asked.length).toBeGreaterThan(0);
    for (const [, name = '', selector = ''] of asked) {
      expect([...names.keys()]).toContain(name);
      for (const [, label] of selector.matchAll(/(\w+)\s*[=!]~?=?/g))
        expect(names.get(name)).toContain(label);
    }
  });

  it('is every number that somebody has to watch', () => {
    const all = expressions.map(([, expr]) => expr).join('\n');
    for (const name of ['closures_total', 'deliveries_total', 'oldest_due_seconds', 'queue_oldest_seconds'])
      expect(all).toContain(`incident_closer_${name}`);
  });
});
