import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { backtestCommand } from '../../src/commands/backtest/command.ts';
import { MisusedError } from '../../src/commands/misused-error.ts';
import { OperationError } from '../../src/operations/operation.ts';
import { movableClock, playHistory } from '../../src/simulator/play.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'backtest-command-'));
const progressFile = join(folder, 'progress.jsonl');

describe('the command `backtest`', () => {
  let incidentIo: Simulator;
  beforeAll(async () => {
    const clock = movableClock();
    clock.time = Date.now() - 400 * DAY;
    incidentIo = await startSimulator({ clock, key: { roles: ['viewer', 'global_access'] } });
    playHistory(incidentIo, clock, { incidents: 9, span: 60 * DAY });
  });
  afterAll(async () => {
    await incidentIo.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  /** What it prints, with these settings and no others. */
  async function printed(options: Partial<Parameters<typeof backtestCommand>[0]>): Promise<string> {
    vi.stubEnv('INCIDENT_IO_API_KEY', incidentIo.token);
    vi.stubEnv('INCIDENT_IO_API_URL', incidentIo.url);
    vi.stubEnv('QUEUE_URL', join(folder, 'no-store'));
    const lines: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    expect(await backtestCommand({ since: '90d', progressFile, ...options })).toBe(0);
    return lines.join('\n');
  }

  it('needs no store and a key that may only read, and prints a table, or JSON with every incident', async () => {
    expect(await printed({})).toMatch(
      /^9 incidents declared from .*\n\n +the settings\nwould have been closed +\d+\n/,
    );
    const json = JSON.parse(await printed({ json: true }));
    expect(json.policies).toHaveLength(1);
    const [{ rows, withoutFollowUps }] = json.policies;
    expect(rows).toHaveLength(9 - withoutFollowUps);
    expect(rows[0]).toMatchObject({ incident: expect.stringMatching(/^INC-/), answer: expect.any(String) });
  });

  it('tries other rules, and two files of them side by side', async () => {
    const never = join(folder, 'never.yaml');
    const always = join(folder, 'always.yaml');
    writeFileSync(never, 'rules:\n  - name: nobody\n    set:\n      close: false\n');
    writeFileSync(always, 'rules: []\n');
    const { policies } = JSON.parse(await printed({ json: true, policy: never, against: always }));
    expect(policies[0]).toMatchObject({ policy: never, acted: 0 });
    expect(policies[1].policy).toBe(always);
    expect(policies[1].acted).toBeGreaterThan(0);
    expect(policies[0].mattered.rule).toBeGreaterThan(0);
  });

  it('says what is wrong with how it was asked', async () => {
    await expect(printed({ since: 'yesterday' })).rejects.toThrow(MisusedError);
    await expect(printed({ progressFile: join(folder, 'nowhere/progress.jsonl') })).rejects.toThrow(
      'name another file with --progress-file',
    );
  });

  it('says where what it read is kept, where it could not read on', async () => {
    const end = incidentIo.misbehave({
      route: 'GET /v2/incident_updates',
      times: 1_000,
      fault: { kind: 'status', status: 401 },
    });
    const another = join(folder, 'another.jsonl');
    const failed = printed({ progressFile: another });
    await expect(failed).rejects.toThrow(OperationError);
    await expect(failed).rejects.toThrow(`What was read until then is in ${another}`);
    end();
  });
});
