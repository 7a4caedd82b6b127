/** What more worker processes bring, each with the concurrency that it has where nothing is set. */
import { EACH, LATENCY, openClosing } from '../lib/closing.mjs';
import { inTurns, row } from '../lib/stats.mjs';

const CONCURRENCY = 5;

export async function run(lab) {
  const [rounds, seconds] = lab.quick ? [2, 2] : [3, 8];
  const sizes = [1, 2, 4];
  // About what that many processes close in that time.
  const counts = sizes.map((workers) => workers * 20 * seconds);
  const measure = async (workers, count) => {
    const warmUp = workers * 20;
    const closing = await openClosing(lab, { workers, concurrency: CONCURRENCY, incidents: count + warmUp });
    await closing.close(warmUp);
    const took = await closing.close(count);
    await closing.end();
    return count / took;
  };
  const found = await inTurns(
    rounds,
    Object.fromEntries(sizes.map((workers, i) => [workers, () => measure(workers, counts[i])])),
  );
  return sizes.map((workers) =>
    row({
      name: `workers: ${workers}`,
      work: `${EACH} follow-ups each, ${LATENCY} ms a call, ${CONCURRENCY} at once in each process`,
      unit: 'closings/s',
      ours: found[workers],
      ...(workers > 1 && { against: '1 process', baseline: found[1] }),
      // With a core free for each: this says nothing where there are fewer.
      ...(workers === 2 && { atLeast: 1.9 }),
    }),
  );
}
