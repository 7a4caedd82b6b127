/** The calls that closing an incident takes, by bare undici. */
import { Pool } from 'undici';
import { offer, options } from '../lib/offer.mjs';

const { url, token, concurrency, statusId } = options();
const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

async function call(method, path, content) {
  const body = content && JSON.stringify(content);
  const answer = await pool.request({ method, path, headers, body });
  const json = await answer.body.json();
  if (answer.statusCode >= 300)
    throw new Error(`${method} ${path}: ${answer.statusCode} ${JSON.stringify(json)}`);
  return json;
}

/** As a review does: read, write each follow-up, read again, read the incident and its history, edit, look once more. */
async function closeOne({ id }) {
  const list = `/v3/follow_ups?incident_id=${id}&page_size=250`;
  const { follow_ups: followUps } = await call('GET', list);
  for (const { id: followUp, title, labels } of followUps)
    await call('PUT', `/v3/follow_ups/${followUp}`, { title, labels, status: 'completed' });
  await call('GET', list);
  await call('GET', `/v2/incidents/${id}`);
  await call('GET', `/v2/incident_updates?incident_id=${id}&page_size=250`);
  await call('POST', `/v2/incidents/${id}/actions/edit`, {
    incident: { incident_status_id: statusId },
    notify_incident_channel: true,
  });
  await call('GET', list);
}

offer(
  {},
  {
    /** Seconds for all of them. */
    async closeAll(incidents) {
      const left = [...incidents];
      const started = performance.now();
      const one = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) await closeOne(next);
      };
      await Promise.all(Array.from({ length: concurrency }, one));
      return (performance.now() - started) / 1000;
    },
    /** One call alone, ms. */
    async oneCall() {
      const started = performance.now();
      await call('GET', '/v1/identity');
      return performance.now() - started;
    },
  },
);
