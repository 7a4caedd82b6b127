import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { z } from 'zod';

/**
 * What a key is made with from a passphrase, and how to see that it is the right one. The bounds keep a forged file from
 * taking all memory.
 */
export const sealing = z.object({
  kdf: z.literal('scrypt'),
  n: z.int().min(2).max(1_048_576),
  r: z.int().min(1).max(16),
  p: z.int().min(1).max(16),
  salt: z.base64(),
  cipher: z.literal('aes-256-gcm'),
  /** An empty text, sealed. */
  check: z.base64(),
});
export type Sealing = z.infer<typeof sealing>;

/** Thrown where a sealed text cannot be opened. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** Seals texts with a passphrase, each bound to where it belongs: `about`. */
export interface Seal {
  sealing: Sealing;
  seal(text: string, about: string): string;
  /** Throws a `SealError` if it was changed, or sealed about something else. */
  open(sealed: string, about: string): string;
}

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt */
const COST = { n: 65_536, r: 8, p: 2 } as const;
const IV = 12;
const TAG = 16;
const CHECK = 'the passphrase';

export async function newSeal(passphrase: string): Promise<Seal> {
  const salt = randomBytes(16);
  const key = await keyOf(passphrase, salt, COST);
  const { seal, open } = sealWith(key);
  const check = seal('', CHECK);
  return {
    seal,
    open,
    sealing: { kdf: 'scrypt', ...COST, salt: salt.toString('base64'), cipher: 'aes-256-gcm', check },
  };
}

/** Throws a `SealError` if it is another passphrase. */
export async function openSeal(given: Sealing, passphrase: string): Promise<Seal> {
  const key = await keyOf(passphrase, Buffer.from(given.salt, 'base64'), given);
  const { seal, open } = sealWith(key);
  open(given.check, CHECK);
  return { seal, open, sealing: given };
}

function sealWith(key: Buffer): Pick<Seal, 'seal' | 'open'> {
  return {
    seal(text, about) {
      const iv = randomBytes(IV);
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG }).setAAD(
        Buffer.from(about),
      );
      const sealed = [cipher.update(text, 'utf8'), cipher.final()];
      return Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString('base64');
    },
    open(sealed, about) {
      const all = Buffer.from(sealed, 'base64');
      try {
        const cipher = createDecipheriv('aes-256-gcm', key, all.subarray(0, IV), { authTagLength: TAG });
        cipher.setAAD(Buffer.from(about)).setAuthTag(all.subarray(IV, IV + TAG));
        return Buffer.concat([cipher.update(all.subarray(IV + TAG)), cipher.final()]).toString('utf8');
      } catch {
        throw new SealError('It cannot be opened with this passphrase.');
      }
    },
  };
}

function keyOf(
  passphrase: string,
  salt: Buffer,
  { n, r, p }: Pick<Sealing, 'n' | 'r' | 'p'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const maxmem = 256 * n * r + 1_048_576;
    scrypt(passphrase.normalize('NFC'), salt, 32, { N: n, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
