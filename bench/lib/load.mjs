/** The load: autocannon in this process, which is neither the service's nor its baseline's. */
import autocannon from 'autocannon';
import { quantile } from './stats.mjs';

/** Sends one delivery over and over. Answers requests a second and the 99th percentile, ms; throws where an answer is not `expect`. */
export async function load(url, { body, headers }, { seconds, expect, connections = 64 }) {
  const times = [];
  const result = await new Promise((resolve, reject) => {
    const running = autocannon(
      { url, method: 'POST', headers, body, connections, duration: seconds, timeout: 20 },
      (error, done) => (error ? reject(error) : resolve(done)),
    );
    running.on('response', (_client, _status, _bytes, ms) => times.push(ms));
  });
  const other = Object.keys(result.statusCodeStats).filter((code) => Number(code) !== expect);
  if (other.length > 0 || result.errors > 0 || times.length === 0)
    throw new Error(
      `${url} answered ${other.join(', ') || 'nothing'} where ${expect} is right; ${result.errors} errors`,
    );
  return { rate: times.length / result.duration, p99: quantile(times, 0.99), count: times.length };
}
