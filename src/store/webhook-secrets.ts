/**
 * Webhook secrets that senders generated and offered in a handshake. Anybody can send one, so one is accepted only while
 * the window for it is open, and that closes the window.
 */
import { z } from 'zod';
import { isOneOf } from '../trackers/secrets.ts';
import type { SecretTable } from './secret-tables.ts';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

const TABLE: SecretTable = 'webhook-secrets';

const record = z.object({
  /** All of them are valid. None is ever replaced. */
  secrets: z.array(z.string()),
  /** If set, a secret is accepted only until then, ms by the store's clock. */
  openUntil: z.number().optional(),
});

/** What became of an offered secret. */
export type OfferResult = 'kept' | 'known' | 'refused';

/** How long the window stays open for one more secret, ms. */
export const OFFER_WINDOW = 3_600_000;

export class WebhookSecrets {
  private readonly tables: Tables;
  private readonly table;

  constructor(tables: Tables) {
    this.tables = tables;
    this.table = new Table(tables, TABLE, record);
  }

  /** Those that are valid now. Always read from the store, so that all processes agree. */
  async of(source: string): Promise<readonly string[]> {
    return (await this.table.get(source))?.secrets ?? [];
  }

  /** Keeps an offered secret if the window is open, and closes it. Resolves once the store has it. */
  async offer(source: string, secret: string): Promise<OfferResult> {
    const now = await this.tables.time();
    let outcome: OfferResult = 'refused';
    await this.table.update([source], (current) => {
      const { secrets, openUntil = 0 } = current ?? { secrets: [] };
      const known = isOneOf(secret, secrets);
      const isTaken = !known && openUntil > now;
      outcome = known ? 'known' : isTaken ? 'kept' : 'refused';
      return isTaken ? { secrets: [...secrets, secret] } : current;
    });
    return outcome;
  }

  /** Accepts one more secret in addition to those kept, within `DOOR_OPEN`. Returns until when, ms. */
  async openDoor(source: string): Promise<number> {
    const openUntil = (await this.tables.time()) + OFFER_WINDOW;
    await this.table.update([source], (current) => ({ secrets: current?.secrets ?? [], openUntil }));
    return openUntil;
  }

  /**
   * Opens the window if nobody ever did: at the first start with a handshake configured. Returns until when (ms), if it
   * was opened now.
   */
  async openFirst(source: string): Promise<number | undefined> {
    const openUntil = (await this.tables.time()) + OFFER_WINDOW;
    let opened = false;
    await this.table.update([source], (current) => {
      opened = current === undefined;
      return current ?? { secrets: [], openUntil };
    });
    return opened ? openUntil : undefined;
  }

  /** Forgets them all, and opens the window for the next one. Returns how many there were, and until when (ms). */
  async forget(source: string): Promise<{ forgotten: number; openUntil: number }> {
    const openUntil = (await this.tables.time()) + OFFER_WINDOW;
    let forgotten = 0;
    await this.table.update([source], (current) => {
      forgotten = current?.secrets.length ?? 0;
      return { secrets: [], openUntil };
    });
    return { forgotten, openUntil };
  }
}
