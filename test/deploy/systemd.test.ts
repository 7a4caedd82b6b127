import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFolder } from '../support/backends.ts';
import { DEPLOY } from './objects.ts';

const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const missing = analyze('--version').error !== undefined;

describe.skipIf(missing)('the unit for systemd', () => {
  const unit = readFileSync(join(DEPLOY, 'systemd/incident-closer.service'), 'utf8');
  const path = join(freshFolder('systemd-'), 'incident-closer.service');
  // The program is not installed here.
  const here = unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`);
  writeFileSync(path, here);

  it('is verified by systemd-analyze', () => {
    expect(analyze('verify', path)).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(path, here.replace('Restart=always', 'Restart=sometimes'));
    expect(analyze('verify', path).stderr).toContain('restart');
    writeFileSync(path, here);
  });

  it('exposes little of the machine', () => {
    const { stdout } = analyze('security', '--offline=true', path);
    const [, level = '10'] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(level)).toBeLessThan(2);
  });

  it('starts the service and waits for it to drain', () => {
    expect(unit).toMatch(/^ExecStart=\/usr\/local\/bin\/incident-closer --no-env-file start$/m);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(10);
  });
});
