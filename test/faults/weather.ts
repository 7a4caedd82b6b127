import type { Fault } from '../../src/simulator/misbehaviour.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

const FAULTS: { fault: Fault; when?: 'before' | 'after' }[] = [
  { fault: { kind: 'status', status: 500 } },
  // Done, but the caller saw an error.
  { fault: { kind: 'status', status: 500 }, when: 'after' },
  { fault: { kind: 'reset' } },
  { fault: { kind: 'reset' }, when: 'after' },
  { fault: { kind: 'cut' } },
  { fault: { kind: 'truncated' } },
  { fault: { kind: 'garbage' } },
  { fault: { kind: 'html', status: 502 } },
  { fault: { kind: 'html' } },
  { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 } },
];
/** Of all calls, whatever the story is about. */
const SHARE = 0.02;

/** From now on one call in fifty goes wrong, in one of ten ways, by the stand-in's seed. */
export function roughWeather(incidentIo: Simulator): void {
  for (const rule of FAULTS) incidentIo.misbehave({ ...rule, chance: SHARE / FAULTS.length });
}
