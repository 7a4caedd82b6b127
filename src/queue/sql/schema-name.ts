import { createHash } from 'node:crypto';

/**
 * The PostgreSQL schema for a `QUEUE_PREFIX`: `incident-closer` becomes `incident_closer`. A prefix with anything but
 * lower-case letters, digits and "-", or that begins like PostgreSQL's own schemas, gets a digest as a suffix, so that no
 * two prefixes share a schema.
 */
export function schemaName(prefix: string): string {
  const name = prefix.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  if (/^(?!pg)[a-z][a-z0-9-]{0,39}$/.test(prefix)) return name;
  const digest = createHash('sha256').update(prefix).digest('hex').slice(0, 8);
  return `q_${name.slice(0, 30)}_${digest}`;
}
