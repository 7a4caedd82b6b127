/** `PROPERTY_RUNS=long` tries as much as there is time for in `.ci/run`; otherwise property tests take seconds. */
const LONG = process.env.PROPERTY_RUNS === 'long';

/** How often fast-check runs a property: `long` times where there is time, else `short` times. */
export function propertyRuns(long: number, short = Math.max(10, Math.ceil(long / 20))): { numRuns: number } {
  return { numRuns: LONG ? long : short };
}
