import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { examineAll } from '../../src/commands/doctor.ts';
import { operate } from '../../src/commands/operate.ts';
import { operations } from '../../src/commands/operations.ts';
import { PolicyError } from '../../src/policy/read-policy.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

it('a policy file with a mistake fails what decides by it, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-file-'));
  const incidentIo = await startSimulator({ rateLimit: false });
  const warn = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(async () => {
    warn.mockRestore();
    vi.unstubAllEnvs();
    await incidentIo.close();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'p.yaml');
  writeFileSync(file, 'rules:\n  - name: a\n    sett: {}\n');
  vi.stubEnv('POLICY_FILE', file);
  vi.stubEnv('QUEUE_URL', join(folder, 'none'));
  vi.stubEnv('INCIDENT_IO_API_KEY', incidentIo.token);
  vi.stubEnv('INCIDENT_IO_API_URL', incidentIo.url);
  const { reference } = incidentIo.createIncident();

  const asked = { tasks: [], followUps: [], incidents: [] };
  expect(await operate(operations.linked, asked)).toMatchObject({ incidents: [] });
  expect(warn).not.toHaveBeenCalled();
  await expect(operate(operations.explainPolicy, { incident: reference })).rejects.toThrow(PolicyError);
  expect(warn.mock.calls.flat().join('\n')).toContain('p.yaml:3: rules[0].sett is not known');
  const told = (await examineAll()).filter(({ about }) => about === 'policy');
  expect(told).toEqual([
    {
      about: 'policy',
      state: 'trouble',
      words: `${file}:2: rules[0].set: give what holds for such incidents, or {}`,
    },
    expect.objectContaining({ words: expect.stringContaining(`${file}:3: rules[0].sett is not known`) }),
  ]);
});
