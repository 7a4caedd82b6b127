import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allRows } from '../../src/settings/rows.ts';
import { faultsOf, type KubernetesObject, manifests } from './objects.ts';

const objects = manifests();
const named = (object: KubernetesObject): string => `${object.kind} ${object.metadata.name}`;
const find = (name: string) => objects.find((object) => named(object) === name);

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) });
const labels = z.record(z.string(), z.string());
const workload = z.object({
  spec: z.object({
    replicas: z.number(),
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        terminationGracePeriodSeconds: z.number().optional(),
        securityContext: z.object({
          runAsNonRoot: z.literal(true),
          runAsUser: z.number().min(1),
          seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
        }),
        containers: z.tuple([
          z.object({
            args: z.array(z.string()).optional(),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
            securityContext: z.object({
              allowPrivilegeEscalation: z.literal(false),
              readOnlyRootFilesystem: z.literal(true),
              capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
            }),
            resources: z.object({ limits: z.object({ memory: z.string() }) }),
            startupProbe: probe.optional(),
            livenessProbe: z.unknown(),
            readinessProbe: z.unknown(),
          }),
        ]),
      }),
    }),
  }),
});
const containerOf = (name: string) => workload.parse(find(name)).spec.template.spec.containers[0];

it('the check of the schemas notices a wrong type and an unknown field', () => {
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  expect(faultsOf({ ...config, data: { A: 'b' } })).toEqual([]);
  expect(faultsOf({ ...config, data: { A: 1 } })[0]).toContain('must be string');
  expect(faultsOf({ ...config, date: { A: 'b' } })).toEqual(['/date is unknown', '/date/A is unknown']);
  const policy = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'a' } };
  expect(faultsOf({ ...policy, spec: { selector: { labels: {} } } })).toEqual([
    '/spec/selector/labels is unknown',
  ]);
});

describe('the manifests for Kubernetes', () => {
  it.each(objects.map((object) => [named(object), object] as const))(
    '%s is as the schemas have it',
    (_, object) => {
      expect(faultsOf(object)).toEqual([]);
    },
  );

  it.each(['receiver', 'worker'])(
    'the %s can be restarted, moved and drained without anybody noticing',
    (part) => {
      const { spec } = workload.parse(find(`Deployment incident-closer-${part}`));
      const container = spec.template.spec.containers[0];
      expect(spec.replicas).toBeGreaterThan(1);
      expect(container.args).toEqual([part === 'worker' ? 'work' : 'receive']);
      expect(container.startupProbe?.httpGet.path).toBe('/healthz');
      expect(probe.parse(container.livenessProbe).httpGet.path).toBe('/healthz');
      expect(probe.parse(container.readinessProbe).httpGet.path).toBe('/readyz');
      const budget = z
        .object({
          spec: z.object({ maxUnavailable: z.literal(1), selector: z.object({ matchLabels: labels }) }),
        })
        .parse(find(`PodDisruptionBudget incident-closer-${part}`));
      expect(budget.spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
      expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
    },
  );

  it('a receiver goes on taking deliveries for 5 s after SIGTERM, and is not killed before it has drained', () => {
    expect(containerOf('Deployment incident-closer-receiver').env).toContainEqual({
      name: 'SHUTDOWN_DELAY',
      value: '5s',
    });
    const { spec } = workload.parse(find('Deployment incident-closer-receiver'));
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(5 + 10);
  });

  it.each([
    'Deployment incident-closer-receiver',
    'Deployment incident-closer-worker',
    'StatefulSet incident-closer-redis',
  ])('%s has no right that it does not need', (name) => {
    expect(workload.safeParse(find(name)).error).toBeUndefined();
  });

  it('the receiver gets no secret of the worker', () => {
    const text = (part: string) => JSON.stringify(find(`Deployment incident-closer-${part}`));
    expect(text('receiver')).not.toContain('incident-closer-worker');
    expect(text('worker')).not.toContain('incident-closer-receiver');
  });

  it('settings that are named exist', () => {
    const config = z.object({ data: labels }).parse(find('ConfigMap incident-closer'));
    const env = ['receiver', 'worker'].flatMap(
      (part) => containerOf(`Deployment incident-closer-${part}`).env,
    );
    const known = allRows.map(({ name }) => name);
    for (const name of [...Object.keys(config.data), ...env.map((one) => one.name)])
      expect(known).toContain(name);
  });

  it('each pod has a network policy', () => {
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const selected = z.object({ spec: z.object({ podSelector: z.object({ matchLabels: labels }) }) });
    const covered = policies.map((policy) => selected.parse(policy).spec.podSelector.matchLabels);
    for (const object of objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet'))
      expect(covered).toContainEqual(workload.parse(object).spec.template.metadata.labels);
  });

  it('the ingress passes webhooks alone', () => {
    expect(JSON.stringify(find('Ingress incident-closer')).match(/"path":"[^"]*"/g)).toEqual([
      '"path":"/webhooks/"',
    ]);
  });

  it('Redis loses nothing that it acknowledged', () => {
    const text = JSON.stringify(find('StatefulSet incident-closer-redis'));
    for (const option of ['--appendonly yes', '--appendfsync always', '--maxmemory-policy noeviction'])
      expect(text).toContain(option);
  });
});
