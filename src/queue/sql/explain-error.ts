import { isUntrusted } from '../../certificates.ts';

/**
 * What kept PostgreSQL from doing something, in a message for the operator. `connections`: this process's maximum.
 * Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html and https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
export function explainSqlError(error: unknown, connections: number): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  if (!(first instanceof Error)) return String(first);
  const words = first.message || first.name;
  const code = codeOf(first);
  if (code === '53300' || /too many (clients|connections)|no more connections allowed/i.test(words))
    return `${words}. One process takes up to ${connections} connections: let the role and the server have as many for each process, or set POSTGRES_CONNECTIONS`;
  if (code === '42501' && /permission denied for database/.test(words))
    return `${words}: its role may not connect. As an administrator run GRANT CONNECT ON DATABASE … TO …, with the names in QUEUE_URL`;
  if (code === '42501')
    return `${words}: its role has no right to that. Connect as the role that set up the schemas, or let an administrator GRANT it`;
  if (isUntrusted(code))
    return `${words}: its certificate is of an authority that is not known here. Name the file of that authority in NODE_EXTRA_CA_CERTS, or as sslrootcert in QUEUE_URL`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${words}: its certificate is for another name than the one in QUEUE_URL`;
  if (/does not support SSL/.test(words))
    return `${words}: it is not set up for TLS. Set that up, or take sslmode out of QUEUE_URL`;
  if (/no pg_hba\.conf entry.*(no encryption|SSL off)/.test(words))
    return `${words}: it may want TLS. Add sslmode=verify-full to QUEUE_URL`;
  if (/unsupported startup parameter/.test(words))
    return `${words}: take options out of QUEUE_URL, which the pooler does not pass on`;
  return words;
}

/** Whether retrying cannot help until somebody has changed something: settings, privileges, or the release. */
export function isLasting(error: unknown): boolean {
  // Password, role, database, privileges; an untrusted certificate; a schema of another release.
  const code = codeOf(error);
  return (
    /^(28|3D|42501)/.test(code) ||
    isUntrusted(code) ||
    code === 'ERR_TLS_CERT_ALTNAME_INVALID' ||
    (error instanceof Error &&
      (/does not support SSL|unsupported startup parameter|no such (database|user)/.test(error.message) ||
        /^(SchemaVersionMismatch|UnsupportedPostgresVersion)Error$/.test(error.name)))
  );
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
