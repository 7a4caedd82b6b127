import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { seedIncidents } from '../../src/simulator/seed.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

describe('the incidents of a stand-in that runs by itself', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator();
    seedIncidents(simulator, 30);
  });
  afterAll(() => simulator.close());

  it('are as many as asked for, of every kind', () => {
    const all = simulator.incidents();
    expect(all).toHaveLength(30);
    expect(new Set(all.map(({ status }) => status.category))).toEqual(
      new Set(['learning', 'live', 'closed']),
    );
    expect(all.some(({ visibility }) => visibility === 'private')).toBe(true);
    const counts = all.map(({ id }) => simulator.followUps(id).length);
    expect(Math.min(...counts)).toBe(0);
    expect(new Set(simulator.followUps().map(({ status }) => status))).toEqual(
      new Set(['outstanding', 'completed', 'not_doing']),
    );
  });

  it('have an issue of its own for each follow-up that has one, numbered from 1', () => {
    const issues = simulator.followUps().flatMap(({ reference }) => (reference ? [reference.name] : []));
    expect(new Set(issues).size).toBe(issues.length);
    for (const repository of ['acme/api', 'acme/web', 'acme/ops']) {
      const own = issues.filter((name) => name.startsWith(`${repository}#`));
      expect(own).toEqual(own.map((_, n) => `${repository}#${n + 1}`));
    }
  });
});
