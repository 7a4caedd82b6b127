import { type Clock, systemClock } from '../clock.ts';
import type { Tables } from './tables.ts';

/** How long a measured offset is used before it is measured again, ms. */
const REFRESH_EVERY = 60_000;

/**
 * The store's clock, for whatever several machines have to agree on (pace, leases): this machine's clock, corrected by
 * its offset. `now()` costs no round trip; every `refreshEvery` ms the offset is measured again in the background.
 * Throws if the store does not answer the first measurement.
 */
export async function createStoreClock(
  tables: Pick<Tables, 'time'>,
  clock: Clock = systemClock,
  refreshEvery: number = REFRESH_EVERY,
): Promise<Clock> {
  let offset = await measure(tables, clock);
  let measuredAt = clock.now();
  let measuring = false;

  const refresh = async () => {
    measuring = true;
    try {
      offset = await measure(tables, clock);
    } catch {
      // The previous offset is still the best one known, and whoever needs the store learns that it is down.
    } finally {
      measuredAt = clock.now();
      measuring = false;
    }
  };

  return {
    now() {
      const age = clock.now() - measuredAt;
      // A negative age: this machine's clock was set back, so the offset is wrong.
      if (!measuring && (age >= refreshEvery || age < 0)) void refresh();
      return clock.now() + offset;
    },
  };
}

/** How far this machine's clock is behind the store's, ms, assuming the store read its clock half-way through. */
async function measure(tables: Pick<Tables, 'time'>, clock: Clock): Promise<number> {
  const asked = clock.now();
  const time = await tables.time();
  return Math.round(time - (asked + clock.now()) / 2);
}
