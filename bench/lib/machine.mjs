import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { redisVersion } from './lab.mjs';

/** Where the figures come from. */
export function machine() {
  const [cpu] = cpus();
  const { dependencies: own, devDependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const dependencies = { ...devDependencies, ...own };
  return {
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1024 ** 3),
      system: `${type()} ${release()}`,
    },
    versions: {
      node: process.version,
      redis: redisVersion(),
      bullmq: dependencies.bullmq,
      fastify: dependencies.fastify,
      undici: dependencies.undici,
      pglite: dependencies['@electric-sql/pglite'],
    },
  };
}
