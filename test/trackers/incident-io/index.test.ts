import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { incidentIo } from '../../../src/trackers/incident-io/index.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const KEY = Buffer.from('0123456789abcdef01234567');
const SECRET = `whsec_${KEY.toString('base64')}`;
const NOW = Date.parse('2026-03-01T10:00:00Z');

/** Signed by hand, not by the library that verifies. */
function delivery(
  body: string,
  { family = 'webhook', id = 'msg_1', at = NOW / 1000, key = KEY, names = '' } = {},
): Delivery {
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  const headers = {
    [`${family}-id`]: id,
    [`${family}-timestamp`]: String(at),
    [`${family}-signature`]: `${names}v1,${signature}`,
  };
  return { headers, body: Buffer.from(body), receivedAt: NOW };
}

const event = (type: string, payload: unknown) => JSON.stringify({ event_type: type, [type]: payload });
const translate = (body: string) => incidentIo.translate(delivery(body), {});

describe('the signature of Standard Webhooks', () => {
  it('is that of the published vector', async () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts
    const vector: Delivery = {
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: Buffer.from('{"test": 2432232314}'),
      receivedAt: 1614265330_000,
    };
    const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    expect(await incidentIo.verify(vector, [`whsec_${secret}`])).toBe(true);
    expect(await incidentIo.verify(vector, ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', secret])).toBe(true);
  });

  it('is taken with the names of the standard and of Svix, and among several', async () => {
    for (const family of ['webhook', 'svix'])
      expect(await incidentIo.verify(delivery('{}', { family }), [SECRET])).toBe(true);
    const names = 'v2,AAAA v1a,AAAA v1,AAAA ';
    expect(await incidentIo.verify(delivery('{}', { names }), [SECRET])).toBe(true);
  });

  it('is taken up to five minutes from now, before and after', async () => {
    for (const [seconds, taken] of [
      [-300, true],
      [300, true],
      [-301, false],
      [301, false],
    ] as const)
      expect(await incidentIo.verify(delivery('{}', { at: NOW / 1000 + seconds }), [SECRET])).toBe(taken);
  });

  it('is refused where anything of it is missing, cut, mixed or another', async () => {
    const right = delivery('{}');
    const bare = right.headers['webhook-signature'];
    const wrong: Record<string, Delivery['headers']> = {
      'no id': { ...right.headers, 'webhook-id': undefined },
      'no time': { ...right.headers, 'webhook-timestamp': undefined },
      'no signature': { ...right.headers, 'webhook-signature': undefined },
      'mixed families': {
        'svix-id': 'msg_1',
        'webhook-timestamp': right.headers['webhook-timestamp'],
        'webhook-signature': bare,
      },
      'a time that begins as a number': { ...right.headers, 'webhook-timestamp': `${NOW / 1000}abc` },
      'a time that is no number': { ...right.headers, 'webhook-timestamp': 'hello' },
      cut: { ...right.headers, 'webhook-signature': String(bare).slice(0, -1) },
      'another version': { ...right.headers, 'webhook-signature': String(bare).replace('v1', 'v2') },
      empty: { ...right.headers, 'webhook-signature': 'v1,' },
      'given twice': { ...right.headers, 'webhook-signature': [String(bare), String(bare)] },
    };
    for (const [what, headers] of Object.entries(wrong))
      expect(await incidentIo.verify({ ...right, headers }, [SECRET]), what).toBe(false);
    expect(await incidentIo.verify(delivery('{}', { id: 'msg.1' }), [SECRET])).toBe(false);
    expect(await incidentIo.verify({ ...right, body: Buffer.from('{ }') }, [SECRET])).toBe(false);
    expect(await incidentIo.verify({ ...right, body: Buffer.from([0xff]) }, [SECRET])).toBe(false);
    for (const secrets of [
      [],
      [''],
      ['whsec_'],
      ['whsec_!'],
      [`whsec_${Buffer.alloc(24).toString('base64')}`],
    ])
      expect(await incidentIo.verify(right, secrets)).toBe(false);
  });

  it('verifies its own ping, which is then ignored', async () => {
    const { headers, body } = await incidentIo.ping(SECRET, NOW);
    const received = { headers, body: Buffer.from(body), receivedAt: NOW };
    expect(await incidentIo.verify(received, [SECRET])).toBe(true);
    expect(incidentIo.translate(received, {}).kind).toBe('ignored');
  });
});

describe('what incident.io tells', () => {
  it.each([
    ['public_incident.follow_up_created_v1', { id: 'F1', incident_id: 'I1' }],
    ['public_incident.follow_up_created_v2', { id: 'F1', incident_id: 'I1', status: 'outstanding' }],
    ['public_incident.follow_up_updated_v1', { id: 'F1', incident_id: 'I1' }],
    ['public_incident.follow_up_updated_v2', { id: 'F1', incident_id: 'I1', status: 'completed' }],
    ['public_incident.follow_up_updated_v3', { id: 'F1', incident_id: 'I1', status: 'completed' }],
  ])('%s wakes its incident and wants a sync', (type, payload) => {
    expect(translate(event(type, payload))).toMatchObject({
      kind: 'events',
      incidents: [
        { source: 'incident-io', incident: 'I1', followUp: 'F1', wantsSync: true, delivery: 'msg_1' },
      ],
      tasks: [],
    });
  });

  it.each([
    ['public_incident.incident_created_v2', { id: 'I1', name: 'Checkout is down' }],
    ['public_incident.incident_updated_v2', { id: 'I1' }],
    ['public_incident.incident_status_updated_v2', { incident: { id: 'I1' }, new_status: {} }],
    ['private_incident.incident_created_v2', { id: 'I1' }],
    ['private_incident.incident_updated_v2', { id: 'I1' }],
  ])('%s wakes its incident', (type, payload) => {
    expect(translate(event(type, payload))).toMatchObject({
      kind: 'events',
      incidents: [{ incident: 'I1' }],
    });
  });

  it.each(['created_v1', 'created_v2', 'updated_v1', 'updated_v2'])(
    'of a private follow-up only the id is known: %s',
    (name) => {
      const translation = translate(event(`private_incident.follow_up_${name}`, { id: 'F1' }));
      expect(translation).toMatchObject({ kind: 'events', incidents: [{ followUp: 'F1', wantsSync: true }] });
      expect(JSON.stringify(translation)).not.toContain('"incident"');
    },
  );

  it.each([
    'public_incident.action_updated_v1',
    'private_incident.membership_granted_v1',
    'public_alert.alert_created_v1',
    'schedule.shift_change_v1',
    'brand.new_v9',
  ])('%s is ignored', (type) => {
    expect(translate(event(type, { id: 'X' }))).toMatchObject({ kind: 'ignored' });
  });

  it('an event that does not name what it is about is malformed', () => {
    for (const body of ['', 'no json', '{}', '[]', event('public_incident.incident_updated_v2', {})])
      expect(translate(body).kind, body).toBe('malformed');
    expect(translate('{"event_type":"public_incident.follow_up_updated_v2"}').kind).toBe('malformed');
  });

  it('never throws for any JSON', () => {
    const types = fc.constantFrom(
      'public_incident.follow_up_updated_v2',
      'private_incident.follow_up_updated_v2',
      'public_incident.incident_status_updated_v2',
    );
    const property = fc.property(types, fc.jsonValue(), (type, payload) => {
      expect(['events', 'malformed']).toContain(translate(event(type, payload)).kind);
    });
    fc.assert(property, propertyRuns(10_000));
  });
});

const folder = join(
  process.env.PAYLOADS ?? join(import.meta.dirname, '../../../../shared/payloads'),
  'incident-io',
);
const index = join(folder, 'index.json');
describe.skipIf(!existsSync(index))('recorded payloads of incident.io', () => {
  const entries = existsSync(index)
    ? z
        .array(z.object({ file: z.string(), expect: z.object({ outcome: z.string() }) }))
        .parse(JSON.parse(readFileSync(index, 'utf8')))
    : [];
  it.each(entries)('$file wakes a review where it is about an incident or a follow-up', ({ file }) => {
    const about = /follow-up|incident-(status-)?(updated|created)/.test(file);
    expect(translate(readFileSync(join(folder, file), 'utf8')).kind).toBe(about ? 'events' : 'ignored');
  });
});
