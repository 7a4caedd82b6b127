import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allRows } from '../../src/settings/rows.ts';
import { trackers } from '../../src/trackers/index.ts';
import { jira } from '../../src/trackers/jira/index.ts';
import { jira as of } from './jira/samples.ts';
import { AT, defaultsOf } from './samples.ts';

const pageOf = (name: string) => join(import.meta.dirname, `../../docs/trackers/${name}.md`);
const known = allRows.map(({ name }) => name);

describe.each(trackers.filter(({ name }) => existsSync(pageOf(name))))(
  'the page about $title',
  ({ name }) => {
    const page = readFileSync(pageOf(name), 'utf8');
    const prefix = name.toUpperCase().replaceAll('-', '_');

    it('names every setting of the tracker, and none that is not there', () => {
      const named = new Set(page.match(new RegExp(`\\b${prefix}_[A-Z_]+\\b`, 'g')));
      expect([...named].sort()).toEqual(known.filter((row) => row.startsWith(`${prefix}_`)).sort());
    });

    it('says when it was last compared with the documentation of the tracker', () => {
      expect(page).toMatch(/^## Last check\n\nCompared with .* on \d{4}-\d\d-\d\d\./m);
    });

    it('names the address of the webhook, and how to see what is read', () => {
      expect(page).toContain(`/webhooks/${name}`);
      expect(page).toContain(`replay ${name} `);
    });

    it('has only JSON in its commands', () => {
      for (const [, json] of page.matchAll(/-d '(\{.*\})'$/gm))
        expect(() => JSON.parse((json ?? '').replaceAll(/'"\$\w+"'/g, 'x'))).not.toThrow();
    });
  },
);

/** More than that nobody should need from nothing to the first event that is recognised. */
const MOST_STEPS = 10;

it.each(readdirSync(join(import.meta.dirname, '../../docs/trackers')))(
  'no way of setting up in %s has more than ten steps',
  (file) => {
    const page = readFileSync(pageOf(file.replace(/\.md$/, '')), 'utf8');
    const steps = [...page.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(steps.length).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThanOrEqual(MOST_STEPS);
    // Each list counts on without a gap, so the number of its last step is how many there are.
    for (const [index, step] of steps.entries())
      if (step !== 1) expect(step).toBe((steps[index - 1] ?? 0) + 1);
  },
);

it('the body that the page about Jira gives for a rule of Automation is read', () => {
  const page = readFileSync(pageOf('jira'), 'utf8');
  const body = /<!-- custom body -->\n```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const values: Record<string, string> = {
    'issue.key': 'OPS-12',
    'issue.id': '10012',
    'issue.url': 'https://acme.atlassian.net/browse/OPS-12',
    'issue.status.name': 'Closed',
    'issue.status.statusCategory.key': 'done',
    // Jira writes nothing for a field that is empty.
    'issue.resolution.name': '',
  };
  const filled = body.replaceAll(/\{\{(.*?)\}\}/g, (_, name: string) => values[name] ?? 'unknown');
  const sent = { headers: of.headers(Buffer.from(filled), 's'), body: Buffer.from(filled), receivedAt: AT };
  expect(jira.translate(sent, defaultsOf(jira))).toMatchObject({
    tasks: [
      {
        task: 'jira:acme.atlassian.net/OPS-12',
        aliases: ['jira:id:acme.atlassian.net/10012'],
        state: 'done',
      },
    ],
  });
  const first = filled.replace('{', '{ "webhookEvent": "jira:issue_deleted",');
  expect(jira.translate({ ...sent, body: Buffer.from(first) }, defaultsOf(jira))).toMatchObject({
    tasks: [{ state: 'deleted' }],
  });
});
