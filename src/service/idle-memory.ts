import { onTick } from '../aligned-timer.ts';
import { collectGarbage } from '../collect-garbage.ts';

/** How often (ms) this is checked. */
const EVERY = 10_000;
/** How much garbage (bytes) makes a collection pay off. */
const WORTH_IT = 32 * 1024 * 1024;
/** The share of a CPU that a process may use and still count as idle. */
const IDLE = 0.5;

/**
 * Returns memory after a busy time, e.g. a flood that was refused: V8 collects as memory is requested, so an idle
 * process would keep what a flood left for hours. Returns a function that stops it.
 */
export function giveMemoryBack(): () => void {
  let left = taken();
  let before = { at: performance.now(), cpu: process.cpuUsage() };
  const check = (): void => {
    // Not the event loop's utilization: on a crowded machine that includes waiting for a CPU.
    const { user, system } = process.cpuUsage(before.cpu);
    const share = (user + system) / 1000 / (performance.now() - before.at);
    before = { at: performance.now(), cpu: process.cpuUsage() };
    const now = taken();
    left = Math.min(left, now);
    if (share > IDLE || now - left < WORTH_IT) return;
    collectGarbage();
    left = taken();
  };
  return onTick(EVERY, check);
}

/** Including buffers, which are outside V8's heap: that is what a flood of bodies leaves behind. */
function taken(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
