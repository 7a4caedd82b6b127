import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'undici';

/** Sends what incident.io's own webhooks send, with their real headers and signature. */

export const INCIDENT_IO_SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;

export async function sendIncidentIo(
  url: string,
  type: string,
  about: object,
  id: string = randomUUID(),
): Promise<{ status: number; body: unknown }> {
  const body = JSON.stringify({ event_type: type, [type]: about });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(INCIDENT_IO_SECRET.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const answer = await request(`${url}/webhooks/incident-io`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  });
  return { status: answer.statusCode, body: await answer.body.json() };
}
