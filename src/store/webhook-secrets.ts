/**
 * Secrets of webhooks that their senders made and offered in a handshake. Anybody can send one, so the first counts;
 * a further one is taken only while a person has opened the door for it.
 */
import { z } from 'zod';
import { isOneOf } from '../trackers/secrets.ts';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

const record = z.object({
  /** All of them are valid. None is ever replaced. */
  secrets: z.array(z.string()),
  /** One more is taken until then, ms by the store's clock. */
  openUntil: z.number().optional(),
});

/** What became of a secret that was offered. */
export type Offer = 'kept' | 'known' | 'refused';

/** How long the door stays open for one more secret, ms. */
export const DOOR_OPEN = 3_600_000;

export class WebhookSecrets {
  private readonly tables: Tables;
  private readonly table;

  constructor(tables: Tables) {
    this.tables = tables;
    this.table = new Table(tables, 'webhook-secrets', record);
  }

  /** Those that are valid now. Always read from the store, so that all processes agree. */
  async of(source: string): Promise<readonly string[]> {
    return (await this.table.get(source))?.secrets ?? [];
  }

  /** Keeps a secret that was offered, unless another one was kept before. Resolves once the store has it. */
  async offer(source: string, secret: string): Promise<Offer> {
    const now = await this.tables.time();
    let outcome: Offer = 'refused';
    await this.table.update([source], (current) => {
      const { secrets, openUntil = 0 } = current ?? { secrets: [] };
      const known = isOneOf(secret, secrets);
      const isTaken = !known && (secrets.length === 0 || openUntil > now);
      outcome = known ? 'known' : isTaken ? 'kept' : 'refused';
      return isTaken ? { secrets: [...secrets, secret] } : current;
    });
    return outcome;
  }

  /** Takes one more secret beside those that are kept, within `DOOR_OPEN`. Answers until when, ms. */
  async openDoor(source: string): Promise<number> {
    const openUntil = (await this.tables.time()) + DOOR_OPEN;
    await this.table.update([source], (current) => ({ secrets: current?.secrets ?? [], openUntil }));
    return openUntil;
  }

  /** Forgets them all: the next one that is offered is kept. Answers how many there were. */
  async forget(source: string): Promise<number> {
    const before = await this.of(source);
    await this.table.remove(source);
    return before.length;
  }
}
