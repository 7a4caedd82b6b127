import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, Service } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

export const DEPLOY = join(import.meta.dirname, '../../deploy');

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
/** An object of Kubernetes, as a manifest describes it. */
export type KubernetesObject = z.infer<typeof objectSchema>;

/** All objects of a text of YAML. Throws where the text is no YAML, or one of them is no object of Kubernetes. */
export function objectsOf(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml, { merge: true }).map((document) => {
    for (const error of document.errors) throw error;
    return objectSchema.parse(document.toJS());
  });
}

/** Those of the files that the Kustomization names, and of the ingress that people add. */
export function manifests(): KubernetesObject[] {
  const list = z
    .object({ resources: z.array(z.string()) })
    .parse(parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes/kustomization.yaml'), 'utf8'))[0]?.toJS());
  return [...list.resources, 'ingress.yaml'].flatMap((file) =>
    objectsOf(readFileSync(join(DEPLOY, 'kubernetes', file), 'utf8')),
  );
}

/** Made from the published schemas: https://www.npmjs.com/package/kubernetes-models */
const kinds = {
  'apps/v1 Deployment': Deployment,
  'apps/v1 StatefulSet': StatefulSet,
  'networking.k8s.io/v1 Ingress': Ingress,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 ConfigMap': ConfigMap,
  'v1 Namespace': Namespace,
  'v1 Service': Service,
};

/** The fields that these kinds have at the top. */
const FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'data'];

const isKind = (name: string): name is keyof typeof kinds => name in kinds;

/**
 * What the schemas of Kubernetes refuse in an object. Unknown fields pass a schema, so what the check never looked at is
 * a fault, too.
 */
export function faultsOf(object: KubernetesObject): string[] {
  const kind = `${object.apiVersion} ${object.kind}`;
  if (!isKind(kind)) return [`${kind} has no schema`];
  const looked = new Set<string>();
  const model = new kinds[kind]();
  Object.assign(model, watched(object, '', looked));
  try {
    model.validate();
  } catch (error) {
    return [String(error)];
  }
  const top = Object.keys(object).filter((key) => !FIELDS.includes(key));
  const unread = pathsOf(object, '').filter((path) => !looked.has(path));
  return [...top.map((key) => `/${key}`), ...unread].map((path) => `${path} is unknown`);
}

/** The same value; whatever is read of it is noted by its path. */
function watched<T>(value: T, path: string, looked: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return found;
      looked.add(`${path}/${key}`);
      return watched(found, `${path}/${key}`, looked);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    `${path}/${key}`,
    ...pathsOf(inner, `${path}/${key}`),
  ]);
}
