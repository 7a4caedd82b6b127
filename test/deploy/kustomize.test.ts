import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { DEPLOY, faultsOf, manifests, objectsOf } from './objects.ts';

const missing = spawnSync('kubectl', ['version', '--client']).error !== undefined;

it.skipIf(missing)(
  'kubectl kustomize puts all manifests into one namespace, with the image that is named',
  () => {
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', join(DEPLOY, 'kubernetes')], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const objects = objectsOf(stdout);
    expect(objects).toHaveLength(manifests().filter(({ kind }) => kind !== 'Ingress').length);
    for (const object of objects) {
      expect(faultsOf(object), object.metadata.name).toEqual([]);
      if (object.kind === 'Namespace') continue;
      expect(z.object({ namespace: z.string() }).parse(object.metadata).namespace).toBe('incident-closer');
    }
    expect(stdout.match(/image: .*/g)?.sort()).toEqual([
      'image: redis:7.4.6-bookworm',
      'image: registry.example.com/incident-closer:0.1.0',
      'image: registry.example.com/incident-closer:0.1.0',
    ]);
  },
);
