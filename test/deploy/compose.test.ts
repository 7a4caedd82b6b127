import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { DEPLOY } from './objects.ts';

const file = z.object({ services: z.record(z.string(), z.looseObject({})), volumes: z.looseObject({}) });
const read = (path: string) => file.parse(parse(readFileSync(path, 'utf8'), { merge: true }));
const embedded = read(join(DEPLOY, 'compose/embedded.yml'));
const withRedis = read(join(DEPLOY, '../docker-compose.yml'));

it('one container with the embedded database has a volume for it, and no more rights than those with Redis', () => {
  expect(Object.keys(embedded.services)).toEqual(['closer']);
  const { closer } = embedded.services;
  expect(closer).toMatchObject({
    command: ['start'],
    env_file: '../../.env',
    environment: { QUEUE_URL: '/data', HOST: '0.0.0.0', PORT: 3000 },
    volumes: ['data:/data'],
  });
  expect(embedded.volumes).toHaveProperty('data');
  const same = [
    'restart',
    'read_only',
    'cap_drop',
    'security_opt',
    'mem_limit',
    'pids_limit',
    'stop_grace_period',
  ];
  const { receiver } = withRedis.services;
  for (const key of [...same, 'ports', 'healthcheck']) expect(closer?.[key], key).toEqual(receiver?.[key]);
});
