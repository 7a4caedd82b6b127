import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { DEPLOY, faultsOf, type KubernetesObject, manifests, objectsOf } from './objects.ts';
import { renderChart } from './render-chart.ts';

const CHART = join(DEPLOY, 'helm/incident-closer');
const rendered = (values: Record<string, unknown> = {}, release = 'incident-closer') =>
  objectsOf(renderChart(CHART, { release, values }));
const byName = (objects: KubernetesObject[]) =>
  Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
const everything = { ingress: { enabled: true }, image: { repository: 'incident-closer', tag: '0.1.0' } };

describe('the Helm chart', () => {
  it('makes the same objects as the manifests, but for the namespace', () => {
    const chart = JSON.stringify(byName(rendered(everything)), null, 1).replaceAll(
      'incident-closer:0.1.0',
      'incident-closer',
    );
    const { 'Namespace incident-closer': _, ...plain } = byName(manifests());
    expect(JSON.parse(chart)).toEqual(plain);
  });

  it.each([['incident-closer'], ['other']])(
    'called %s, makes objects as the schemas have them',
    (release) => {
      for (const object of rendered(everything, release))
        expect(faultsOf(object), object.metadata.name).toEqual([]);
    },
  );

  it('called otherwise, names nothing by the default name but what values name', () => {
    const text = JSON.stringify(rendered(everything, 'other')).replaceAll(
      /"app\.kubernetes\.io\/name":"incident-closer"|incident-closer-(queue|receiver|worker|tls)"|"incident-closer:0\.1\.0"/g,
      '',
    );
    expect(text).not.toContain('incident-closer');
  });

  it('leaves out what is switched off', () => {
    const off = rendered({ redis: { enabled: false }, networkPolicy: { enabled: false } });
    expect(off.map(({ kind }) => kind)).not.toContain('StatefulSet');
    expect(off.map(({ kind }) => kind)).not.toContain('NetworkPolicy');
    expect(off.map(({ kind }) => kind)).not.toContain('Ingress');
  });

  it('has the version of the package', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(DEPLOY, '../package.json'), 'utf8')));
    expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({
      version,
      appVersion: version,
    });
    expect(parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'))).toMatchObject({
      image: { tag: version },
    });
    expect(readFileSync(join(DEPLOY, 'kubernetes/kustomization.yaml'), 'utf8')).toContain(
      `newTag: ${version}`,
    );
  });
});
