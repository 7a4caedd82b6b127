import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../src/commands/command-line/program.ts';
import { allRows } from '../src/settings/rows.ts';

/** What people and platforms are told to run exists, and what they are told to set is read. */

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');

const manifest = z
  .object({
    scripts: z.record(z.string(), z.string()),
    bin: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(read('package.json')));
const commands = createProgram().commands.map((one) => one.name());

/** The first group of every match. */
function all(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

describe('settings', () => {
  const known = new Map(
    allRows.flatMap((row) => [
      [row.name, row] as const,
      ...(row.otherName ? [[row.otherName, row] as const] : []),
      ...(row.secret ? [[`${row.name}_FILE`, row] as const] : []),
    ]),
  );
  /** Variables of others. */
  const others = ['NODE_ENV', 'REDISCLI_AUTH', 'REDIS_PASSWORD'];

  it.each(['.env.example', 'docker-compose.yml', 'Dockerfile'])('that %s names exist', (name) => {
    const named = all(/\b([A-Z]+(?:_[A-Z0-9]+)+)\b/g, read(name));
    for (const setting of named.filter((one) => !others.includes(one)))
      expect([...known.keys()]).toContain(setting);
  });

  it('of .env.example are commented out with their defaults, or there to be filled in', () => {
    const lines = read('.env.example')
      .split('\n')
      .map((line) => /^(#?)([A-Z_]+)=(.*)$/.exec(line))
      .filter((match) => match !== null);
    expect(lines.length).toBeGreaterThan(0);
    for (const [, hash, name = '', value] of lines) {
      expect(known.has(name), name).toBe(true);
      if (hash === '#') expect(value, name).toBe(known.get(name)?.default);
    }
  });
});

/** A list of arguments in a Dockerfile, as JSON. */
function listOf(instruction: string): string[] {
  const text = new RegExp(`^\\s*${instruction} (\\[.*\\])$`, 'm').exec(read('Dockerfile'))?.[1];
  return z.array(z.string()).parse(JSON.parse(text ?? 'null'));
}

describe('Procfile', () => {
  it('runs the receiver as web and the worker as worker', () => {
    expect(read('Procfile')).toBe('web: node dist/main.js receive\nworker: node dist/main.js work\n');
    expect(commands).toEqual(expect.arrayContaining(['receive', 'work']));
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  it('runs a command that exists', () => {
    expect(listOf('ENTRYPOINT')).toEqual(['node', manifest.bin['incident-closer']]);
    expect(commands).toContain(listOf('^CMD')[0]);
  });

  it('copies only what exists and is not kept out by .dockerignore', () => {
    const letIn = all(/^!(.+)$/gm, read('.dockerignore'));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied.length).toBeGreaterThan(0);
    for (const file of copied) {
      expect(letIn).toContain(file);
      expect(existsSync(`${root}/${file}`), file).toBe(true);
    }
  });

  it('runs no install scripts', () => {
    for (const line of dockerfile.match(/npm (ci|prune)\b[^&\n]*/g) ?? ['none'])
      expect(line).toContain('--ignore-scripts');
  });

  it('runs as a user that is not root, and lets any other one with group 0 use its folder', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toContain('chown node:0 /data && chmod 0770 /data');
  });

  it('takes a process for healthy exactly while /healthz answers well', async () => {
    const [node = '', ...args] = listOf('CMD');
    expect(node).toBe('node');
    let status = 200;
    const paths: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.writeHead(status).end();
    });
    const port = await listen(server);
    const healthy = () =>
      promisify(execFile)(process.execPath, args, { env: { ...process.env, PORT: String(port) } }).then(
        () => true,
        () => false,
      );
    expect(await healthy()).toBe(true);
    status = 503;
    expect(await healthy()).toBe(false);
    server.close();
    server.closeAllConnections();
    expect(await healthy()).toBe(false);
    expect(new Set(paths)).toEqual(new Set(['/healthz']));
  });
});

describe('docker-compose.yml', () => {
  const service = z.object({
    image: z.string(),
    command: z.array(z.string()),
    environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    env_file: z.string().optional(),
    user: z.string().optional(),
    read_only: z.boolean(),
    cap_drop: z.array(z.string()),
    security_opt: z.array(z.string()),
    mem_limit: z.string(),
    pids_limit: z.number(),
    restart: z.string(),
    ports: z.array(z.string()).optional(),
    volumes: z.array(z.string()).optional(),
    healthcheck: z.object({ test: z.array(z.string()) }),
    depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  });
  const { services, volumes } = z
    .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
    .parse(parse(read('docker-compose.yml'), { merge: true }));
  const { redis, receiver, worker, ...rest } = services;

  it('has Redis, a receiver and a worker, which all restart', () => {
    expect(rest).toEqual({});
    expect(receiver?.command).toEqual(['receive']);
    expect(worker?.command).toEqual(['work']);
    for (const one of Object.values(services)) expect(one.restart).toBe('unless-stopped');
  });

  it('keeps what Redis accepted', () => {
    const settings = redis?.command.join(' ');
    expect(settings).toContain('--requirepass "$$REDIS_PASSWORD"');
    expect(settings).toContain('--appendonly yes');
    expect(settings).toContain('--appendfsync always');
    expect(settings).toContain('--maxmemory-policy noeviction');
    expect(redis?.volumes).toEqual(['redis:/data']);
    expect(volumes).toHaveProperty('redis');
  });

  it('publishes the port of the receiver alone', () => {
    expect(receiver?.ports).toEqual(['127.0.0.1:3000:3000']);
    expect(worker?.ports ?? redis?.ports).toBeUndefined();
  });

  it('gives nobody rights, memory or processes that they do not need', () => {
    for (const [name, one] of Object.entries(services))
      expect(one, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.stringMatching(/^\d+[mg]$/),
        pids_limit: expect.any(Number),
      });
    expect(redis?.user).toBe('redis');
  });

  it('takes images by their exact version', () => {
    for (const image of [redis?.image ?? '', ...all(/^FROM (\S+)/gm, read('Dockerfile'))])
      expect(image).toMatch(/:\d+\.\d+\.\d+-\w+/);
  });

  it('says which file has which setting, and gives the receiver no key and no token of a tracker', () => {
    const [head = ''] = read('docker-compose.yml').split('\nname:');
    const told = (file: string) => new RegExp(`^#   ${file}\\s+(.*)$`, 'm').exec(head)?.[1] ?? '';
    expect(told('receiver.env')).not.toMatch(/API|OUTGOING/);
    expect(told('worker.env')).toMatch(/INCIDENT_IO_API_KEY.*_API_TOKEN/);
    expect(receiver?.env_file).toBe('receiver.env');
    expect(worker?.env_file).toBe('worker.env');
    for (const file of ['receiver.env', 'worker.env']) expect(read('.gitignore').split('\n')).toContain(file);
  });

  it('gives receiver and worker the same place, and starts them after Redis', () => {
    expect(receiver?.environment).toEqual({
      QUEUE_URL: 'redis://:${REDIS_PASSWORD}@redis:6379',
      HOST: '0.0.0.0',
      PORT: 3000,
    });
    expect(worker?.environment).toEqual(receiver?.environment);
    for (const one of [receiver, worker]) {
      expect(one?.depends_on).toEqual({ redis: { condition: 'service_healthy' } });
      expect(one?.healthcheck.test.at(-1)).toContain('http://127.0.0.1:3000/healthz');
    }
  });
});

it('package.json installs beside the bundle only what src loads', () => {
  const files = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' });
  const source = files.filter((file) => file.endsWith('.ts')).map((file) => read(`src/${file}`));
  const loaded = new Set(all(/\b(?:from|import)\s*\(?'([^'.][^']*)'/g, source.join('\n')));
  const unused = Object.keys(manifest.dependencies).filter(
    (name) => ![...loaded].some((path) => path === name || path.startsWith(`${name}/`)),
  );
  expect(unused).toEqual([]);
});

describe('package-lock.json', () => {
  const entry = z.object({
    dev: z.boolean().optional(),
    optional: z.boolean().optional(),
    hasInstallScript: z.boolean().optional(),
    integrity: z.string().optional(),
  });
  const lock = z
    .object({ packages: z.record(z.string(), entry) })
    .parse(JSON.parse(read('package-lock.json')));
  const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
  const installed = packages.filter(([, { dev }]) => dev !== true);

  it('has no install script among what is installed with the package', () => {
    expect(installed).not.toEqual([]);
    expect(installed.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
  });

  it('names the digest of everything, so that what is bundled is what was tested', () => {
    // Parts of tools for other machines are in the list without one.
    const here = packages.filter(([, { dev, optional }]) => !(dev && optional));
    expect(here.length).toBeGreaterThan(200);
    for (const [path, { integrity }] of here) expect(integrity, path).toMatch(/^sha512-/);
  });
});

it('.ci/run can be executed and is a valid script', () => {
  accessSync(`${root}/.ci/run`, constants.X_OK);
  expect(spawnSync('bash', ['-n', `${root}/.ci/run`], { encoding: 'utf8' }).stderr).toBe('');
});

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
