/**
 * The tables whose values are secrets, with what they are for people. Whoever keeps secrets in a table of its own names it
 * here: a backup seals its values.
 */
export const SECRET_TABLES = {
  'webhook-secrets': 'the secrets that trackers offered in handshakes',
  'proof-key': 'the key by which processes recognize each other',
} as const;

export type SecretTable = keyof typeof SECRET_TABLES;

export function isSecretTable(table: string): table is SecretTable {
  return Object.hasOwn(SECRET_TABLES, table);
}
