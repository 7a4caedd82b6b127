import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SecretTable } from './secret-tables.ts';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

const TABLE: SecretTable = 'proof-key';

/** After this, ms, the key is read again: the store may have been emptied. */
const FRESH = 60_000;

/** Where the prover accepts connections: a proof is valid nowhere else, so it cannot be relayed. */
export interface ProverAddress {
  address: string;
  port: number;
}

/** A key that all processes of one store share, and nobody else: it lets them recognise each other. */
export class ProofKey {
  private readonly table;
  private key: { text: string; readAt: number } | undefined;
  /** Under way: who asks meanwhile waits for the same answer. */
  private reading: Promise<string> | undefined;

  constructor(tables: Tables) {
    this.table = new Table(tables, TABLE, z.object({ key: z.string() }));
  }

  /** The response to a `challenge` that only a process of this store can give at `place`. Throws if the store does not answer. */
  async proof(challenge: string, { address, port }: ProverAddress): Promise<string> {
    const plain = address.replace(/^::ffff:/i, '');
    return createHmac('sha256', await this.read())
      .update(`${challenge} ${plain} ${port}`)
      .digest('hex');
  }

  /** Signs what the board gives its pages, so that every process recognizes it. Throws if the store does not answer. */
  async signForBoard(text: string): Promise<string> {
    // A proof begins with a challenge in hex, so that neither passes for the other.
    return createHmac('sha256', await this.read())
      .update(`board ${text}`)
      .digest('base64url');
  }

  private async read(): Promise<string> {
    if (this.key !== undefined && performance.now() - this.key.readAt < FRESH) return this.key.text;
    this.reading ??= this.readOnce().finally(() => {
      this.reading = undefined;
    });
    if (this.key === undefined) return this.reading;
    // A store that was emptied has another one; one that is down for a while has none.
    const { text } = this.key;
    return this.reading.catch(() => text);
  }

  private async readOnce(): Promise<string> {
    const entries = await this.table.update(
      ['1'],
      (current) => current ?? { key: randomBytes(32).toString('hex') },
    );
    const key = entries.get('1')?.key;
    if (key === undefined) throw new TypeError('a key that was just written is not there');
    this.key = { text: key, readAt: performance.now() };
    return key;
  }
}
