#!/usr/bin/env node
/**
 * Where the program begins: has V8 keep what it compiles, where Node.js can (22.1 and newer), and loads the rest. The
 * folder is the user's own, not the shared one for temporary files that Node.js would take, since what is in it is run.
 * `NODE_COMPILE_CACHE` names another one, `NODE_DISABLE_COMPILE_CACHE=1` none.
 * https://nodejs.org/api/module.html#module-compile-cache
 */
import nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const enable: unknown = Reflect.get(nodeModule, 'enableCompileCache');
const { XDG_CACHE_HOME } = process.env;
if (typeof enable === 'function') {
  const cache = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache');
  // Where it cannot be written, it does without.
  Reflect.apply(enable, nodeModule, [join(cache, 'incident-closer')]);
}
await import('./main.ts');
