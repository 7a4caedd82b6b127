// `npm run test:storms [-- --seed N --long]`: storms of connections against a real process.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    /** Another one each time; the one that is printed plays the same storms again. */
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    /** Ten times as many connections. */
    long: { type: 'boolean', default: false },
  },
});
if (!/^\d{1,9}$/.test(values.seed)) throw new RangeError(`--seed is "${values.seed}": give a whole number`);
console.log(`storms with --seed ${values.seed}${values.long ? ' --long' : ''}`);
const { status } = spawnSync('npx', ['vitest', 'run', '--config', 'test/storms/vitest.config.ts'], {
  cwd: join(import.meta.dirname, '../..'),
  stdio: 'inherit',
  env: {
    ...process.env,
    TEST_BACKENDS: 'redis,embedded',
    STORMS_SEED: values.seed,
    STORMS_LONG: values.long ? '1' : '0',
  },
});
process.exitCode = status ?? 1;
