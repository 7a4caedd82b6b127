import { createHash } from 'node:crypto';

/**
 * The PostgreSQL schema for a `QUEUE_PREFIX`: `incident-closer` is `incident_closer`. A prefix that has more
 * than small letters, digits and "-", or begins as PostgreSQL's own schemas do, gets a digest behind it, so that no two
 * prefixes share a schema.
 */
export function schemaName(prefix: string): string {
  const name = prefix.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  if (/^(?!pg)[a-z][a-z0-9-]{0,39}$/.test(prefix)) return name;
  const digest = createHash('sha256').update(prefix).digest('hex').slice(0, 8);
  return `q_${name.slice(0, 30)}_${digest}`;
}
