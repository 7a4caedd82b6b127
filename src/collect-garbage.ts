import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Has V8 collect all garbage now, which takes up to a few tenths of a second: https://nodejs.org/api/cli.html#--expose-gc */
export function collectGarbage(): void {
  collect ??= collector();
  collect();
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  if (typeof found !== 'function') throw new TypeError('V8 shows no gc()');
  return () => void found();
}
