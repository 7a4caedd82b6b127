import { execFile, spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import fc from 'fast-check';
import { transformWithEsbuild } from 'vite';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bodySchema } from '../../../src/trackers/generic/payload.ts';
import { genericKey } from '../../../src/trackers/generic/permalink.ts';
import { sources, taskKeyOf } from '../../../src/trackers/index.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import { running } from '../../receiver/support.ts';
import { freshFolder } from '../../support/backends.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { mutated } from '../mutations.ts';
import { AT } from '../samples.ts';

const KEY = Buffer.from('0123456789abcdef01234567');
const SECRET = `whsec_${KEY.toString('base64')}`;
const URL = 'https://acme.freshservice.com/a/tickets/12';
const task = 'generic:acme.freshservice.com/tickets/12';

const found = sources.find(({ name }) => name === 'generic');
if (found === undefined) throw new Error('there is no generic source');
const generic = found;

/** Signed by hand, not by the library that verifies. */
function delivery(payload: unknown, at = AT / 1000): Delivery {
  const body = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload ?? null));
  const signature = createHmac('sha256', KEY).update(`m1.${at}.`).update(body).digest('base64');
  const headers = {
    'webhook-id': 'm1',
    'webhook-timestamp': String(at),
    'webhook-signature': `v1,${signature}`,
  };
  return { headers, body, receivedAt: AT };
}
const translate = (payload: unknown) => generic.translate(delivery(payload), {});
const told = (change: object = {}) => ({ task: { url: URL }, state: 'done', ...change });

describe('the generic webhook', () => {
  it.each(['done', 'declined', 'open', 'deleted'])('tells that a task is %s', (state) => {
    expect(translate(told({ state, occurred_at: '2026-03-01T11:00:00+01:00' }))).toEqual({
      kind: 'events',
      hints: [],
      incidents: [],
      tasks: [
        {
          tracker: 'generic',
          task,
          aliases: [],
          state,
          by: 'unknown',
          occurredAt: AT,
          delivery: 'm1',
          receivedAt: AT,
        },
      ],
    });
  });

  it('speaks of a task of a known tracker under its key there, whoever incident.io says that it is of', () => {
    const url = 'https://github.com/acme/api/issues/12';
    const result = translate(told({ task: { url } }));
    if (result.kind !== 'events') throw new Error('it was not told');
    const keys = result.tasks.map((event) => event.task);
    for (const provider of ['github', 'freshservice']) expect(keys).toContain(taskKeyOf(provider, url));
  });

  it('wakes a review of an incident', () => {
    expect(translate({ incident: 'INC-123' })).toEqual({
      kind: 'events',
      tasks: [],
      hints: [],
      incidents: [{ source: 'generic', incident: 'INC-123', delivery: 'm1', receivedAt: AT }],
    });
  });

  it.each([
    [told({ state: 'finished' }), 'state'],
    [told({ state: 'DONE' }), 'state'],
    [told({ state: undefined }), 'state'],
    [told({ task: 'https://acme.example/1' }), 'task'],
    [told({ task: { url: 'acme.example/1' } }), 'task.url'],
    [told({ task: { url: 'javascript://acme.example/1' } }), 'task.url'],
    [told({ occurred_at: 'yesterday' }), 'occurred_at: a time of RFC 3339'],
    [told({ occurred_at: '2026-03-01T10:00:00' }), 'occurred_at'],
    [told({ occurred_at: 1772359200 }), 'occurred_at'],
    [told({ incident: 'INC-123' }), 'both a task and an incident'],
    [{ incident: '' }, 'incident'],
    [{ incident: '../identity' }, 'incident'],
    [{ incident: 123 }, 'incident'],
    [{}, 'task'],
    [[], 'the body'],
    [null, 'the body'],
  ])('refuses %j and says where it does not fit', (payload, words) => {
    const result = translate(payload);
    expect(result).toMatchObject({ kind: 'malformed', reason: expect.stringContaining(words) });
  });

  it('never repeats what it was sent', () => {
    const canary = 'canary-7b1f';
    for (const payload of [
      told({ state: canary }),
      { incident: `${canary} ${canary}` },
      told({ task: { url: canary } }),
    ])
      expect(JSON.stringify(translate(payload))).not.toContain(canary);
  });

  it('refuses every body in which one byte was changed', async () => {
    const right = delivery(told());
    expect(await generic.verify(right, [SECRET])).toBe(true);
    const index = fc.nat({ max: right.body.length - 1 });
    const property = fc.asyncProperty(index, fc.integer({ min: 1, max: 255 }), async (place, flip) => {
      const body = Buffer.from(right.body);
      body[place] = (body[place] ?? 0) ^ flip;
      return !(await generic.verify({ ...right, body }, [SECRET]));
    });
    await fc.assert(property, propertyRuns(1000));
  });

  it('takes the secret in a header where nothing is signed, and only there', async () => {
    const bare = (headers: Delivery['headers']): Delivery => ({
      headers,
      body: Buffer.from('{}'),
      receivedAt: AT,
    });
    expect(await generic.verify(bare({ 'x-webhook-secret': SECRET }), [SECRET])).toBe(true);
    expect(await generic.verify(bare({ authorization: `Bearer ${SECRET}` }), [SECRET])).toBe(true);
    expect(await generic.verify(bare({ 'x-webhook-secret': 'another' }), [SECRET])).toBe(false);
    expect(await generic.verify(bare({}), [SECRET])).toBe(false);
    for (const name of ['webhook-signature', 'svix-signature'])
      expect(await generic.verify(bare({ 'x-webhook-secret': SECRET, [name]: 'v1,A' }), [SECRET])).toBe(
        false,
      );
    expect(await generic.verify(delivery(told(), AT / 1000 - 301), [SECRET])).toBe(false);
  });

  it('verifies its own ping, which is then ignored', async () => {
    const { headers, body } = await generic.ping(SECRET, AT);
    const received = { headers, body: Buffer.from(body), receivedAt: AT };
    expect(await generic.verify(received, [SECRET])).toBe(true);
    expect(generic.translate(received, {}).kind).toBe('ignored');
  });

  it('never throws, and tells nothing that it was not told, for 10,000 broken bodies', () => {
    const payloads = fc.constantFrom<unknown[]>(told({ occurred_at: '2026-03-01T10:00:00Z' }), {
      incident: 'INC-1',
    });
    const property = fc.property(fc.oneof(mutated(payloads), fc.jsonValue()), (payload) => {
      const result = translate(payload);
      if (result.kind !== 'events') return;
      expect(bodySchema.safeParse(payload).success).toBe(true);
      expect(result.tasks.length + result.incidents.length).toBeGreaterThan(0);
    });
    fc.assert(property, propertyRuns(10_000));
  });

  it('makes nothing of bytes that are no JSON', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(translate(Buffer.from(bytes)).kind).toBe('malformed');
    });
    fc.assert(property, propertyRuns(1000));
  });
});

describe('the key of a link', () => {
  it.each([
    ['https://acme.freshservice.com/a/tickets/12?current_tab=details', task],
    ['https://acme.freshservice.com/helpdesk/tickets/12', task],
    ['http://acme.freshservice.com/support/tickets/12/', task],
    [
      'https://acme.lightning.force.com/lightning/r/Case/500A0000001XyZbIAK/view',
      'generic:acme.salesforce.com/500A0000001XyZb',
    ],
    ['https://acme.my.salesforce.com/500A0000001XyZb', 'generic:acme.salesforce.com/500A0000001XyZb'],
    [
      'https://acme.my.salesforce.com/lightning/r/500A0000001XyZbIAK/view',
      'generic:acme.salesforce.com/500A0000001XyZb',
    ],
    ['https://www.Tasks.example/T-1/', 'generic:tasks.example/T-1'],
    ['http://tasks.example:8080/T-1?b=2&a=1&utm_source=x#comment', 'generic:tasks.example:8080/T-1?a=1&b=2'],
    ['https://user:password@tasks.example/T-1', 'generic:tasks.example/T-1'],
    ['https://tasks.example/#/T-1', 'generic:tasks.example#/T-1'],
  ])('%s', (link, key) => {
    expect(genericKey(link)).toBe(key);
  });

  it('differs where the task does', () => {
    const links = ['/T-1', '/T-2', '/t-1', '/T-1?a=1', '/#/T-1', '/#/T-2'].map(
      (path) => `https://tasks.example${path}`,
    );
    expect(new Set(links.map(genericKey)).size).toBe(links.length);
  });

  it('is never longer than the store takes', () => {
    const long = (end: string) => genericKey(`https://tasks.example/${'x'.repeat(5000)}${end}`) ?? '';
    expect(Buffer.byteLength(long('1'))).toBeLessThan(1000);
    expect(long('1')).not.toBe(long('2'));
  });

  it.each(['', 'T-1', 'mailto:a@b.example', 'javascript:alert(1)', '//tasks.example/1'])(
    'there is none for %o',
    (link) => {
      expect(genericKey(link)).toBeUndefined();
    },
  );
});

const page = join(import.meta.dirname, '../../../docs/trackers/generic.md');
/** The schema of what is sent, where unknown fields may be. */
const SENT = { io: 'input' } as const;
const run = promisify(execFile);

describe('docs/trackers/generic.md', () => {
  const text = readFileSync(page, 'utf8');

  /** `UPDATE_DOCS=1 npx vitest run test/trackers/generic/index.test.ts` writes the schema into the page. */
  it('shows the schema of the body', () => {
    const schema = JSON.stringify(z.toJSONSchema(bodySchema, SENT), undefined, 2);
    const part = /(<!-- schema -->\n)([\s\S]*?)(<!-- \/schema -->)/;
    expect(text).toMatch(part);
    const updated = text.replace(
      part,
      (_, start: string, __, end: string) => `${start}\`\`\`json\n${schema}\n\`\`\`\n${end}`,
    );
    if (process.env.UPDATE_DOCS === '1') writeFileSync(page, updated);
    else expect(text, 'run UPDATE_DOCS=1 npx vitest run test/trackers/generic/index.test.ts').toBe(updated);
  });

  it('shows bodies that fit the schema, and are taken', () => {
    const examples = [...text.matchAll(/```json\n(\{ .*\})\n```/g)].map(([, json = '']) => JSON.parse(json));
    expect(examples).toHaveLength(2);
    const ajv = new Ajv({ strict: false });
    ajvFormats.default(ajv);
    const { $schema, ...schema } = z.toJSONSchema(bodySchema, SENT);
    const extra = { specversion: '1.0', id: 'e1', source: '/tickets', data: { any: [null] } };
    for (const example of [...examples, ...examples.map((body) => ({ ...body, ...extra }))]) {
      expect(ajv.validate(schema, example), ajv.errorsText()).toBe(true);
      expect(translate(example)).toMatchObject({ kind: 'events' });
    }
  });

  const runners: Record<string, (code: string) => Promise<readonly [string, string[]]>> = {
    sh: async (code) => ['sh', ['-c', code]],
    py: async (code) => ['python3', ['-c', code]],
    ts: async (code) => {
      const file = join(freshFolder(), 'example.mjs');
      writeFileSync(file, (await transformWithEsbuild(code, 'example.ts')).code);
      return [process.execPath, [file]];
    },
  };
  const commands: Record<string, string> = { sh: 'openssl', py: 'python3', ts: process.execPath };
  const isHere = (language: string) => spawnSync(commands[language] ?? '', ['--version']).status === 0;
  it.each(Object.keys(runners).filter(isHere))(
    'has an example in %s that works as it stands',
    async (language) => {
      const code = new RegExp(`<!-- example: ${language} -->\n\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(
        text,
      )?.[1];
      expect(code).toBeDefined();
      const [command = '', args = []] = (await runners[language]?.(code ?? '')) ?? [];
      const secret = `whsec_${randomBytes(32).toString('base64')}`;
      const server = await running({
        webhookSecrets: { generic: [secret] },
        clock: { now: () => Date.now() },
      });
      const env = {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        CLOSER_URL: server.url,
        GENERIC_WEBHOOK_SECRET: secret,
      };
      await run(command, args, { env });
      expect(server.intake.batches).toMatchObject([{ tasks: [{ task, state: 'done' }] }]);
      await expect(run(command, args, { env: { ...env, GENERIC_WEBHOOK_SECRET: SECRET } })).rejects.toThrow();
    },
  );
});
