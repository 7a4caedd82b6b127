import type { Clock } from '../clock.ts';
import type { IncidentStatus } from '../vocabulary.ts';
import type { IncidentIoReader } from './api.ts';

/** An organisation's statuses rarely change: they are read again after this, ms. */
const FRESH = 10 * 60_000;

/** The organisation's statuses, read once for many reviews. A failed read is not cached, and is thrown. */
export class StatusCache {
  private readonly api: Pick<IncidentIoReader, 'statuses'>;
  private readonly clock: Clock;
  private read?: { at: number; statuses: Promise<IncidentStatus[]> };

  constructor(api: Pick<IncidentIoReader, 'statuses'>, clock: Clock) {
    this.api = api;
    this.clock = clock;
  }

  get(): Promise<IncidentStatus[]> {
    const now = this.clock.now();
    if (this.read === undefined || now - this.read.at > FRESH) {
      const read = { at: now, statuses: this.api.statuses() };
      this.read = read;
      read.statuses.catch(() => {
        if (this.read === read) this.forget();
      });
    }
    return this.read.statuses;
  }

  forget(): void {
    this.read = undefined;
  }
}
