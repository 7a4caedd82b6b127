import { type Clock, systemClock } from '../clock.ts';
import type { Tables } from './tables.ts';

/** How long a measured offset is used, in ms, before it is measured again. */
const REFRESH_EVERY = 60_000;

/**
 * The store's clock, for whatever several machines have to agree on (pace, leases): this machine's clock,
 * corrected by how far it is off. `now()` costs no round trip; every `refreshEvery` ms it has the offset
 * measured anew in the background. Throws where the store does not answer the first measurement.
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
      // The offset measured before is still the best known one, and whoever needs the store hears that it is down.
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

/** How far this machine's clock is behind the store's, in ms. The store is taken to have looked at its clock half-way. */
async function measure(tables: Pick<Tables, 'time'>, clock: Clock): Promise<number> {
  const asked = clock.now();
  const time = await tables.time();
  return Math.round(time - (asked + clock.now()) / 2);
}
