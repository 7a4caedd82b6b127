import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createContext } from '../../src/context/context.ts';
import { examine } from '../../src/doctor/examine.ts';
import { createLogger } from '../../src/log.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { noStore, withoutStore } from '../../src/queue/no-store.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';

it('what cannot be read of the store is unknown, and doctor goes on with the rest', async (test) => {
  const settings = readSettings({
    INCIDENT_IO_API_KEY: 'inc_1',
    INCIDENT_IO_API_URL: 'http://127.0.0.1:9',
    GITHUB_WEBHOOK_SECRET: 'a secret of sixteen',
  });
  const down = async (): Promise<never> => {
    throw new Error('ECONNREFUSED');
  };
  const tables = { ...createMemoryTables(), get: down, put: down, swap: down, scan: down };
  const { missing: _, ...backend } = { ...withoutStore(noStore('anywhere')), tables, ping: down };
  const base = {
    settings,
    policy: policyOf(settings),
    backend,
    store: new Store(tables),
    clock: systemClock,
    log: createLogger('silent'),
  };
  const context = createContext(base, 'inc_1');
  test.onTestFinished(() => context.close());
  const said = (await examine(context, undefined)).map(
    ({ about, state, words }) => `${state} ${about}: ${words}`,
  );
  expect(said).toContainEqual(expect.stringMatching(/^trouble queue: .*ECONNREFUSED/));
  expect(said).toContainEqual(expect.stringMatching(/^warning webhooks: what is known .*: .*ECONNREFUSED/));
  expect(said).toContainEqual(
    expect.stringMatching(/^warning webhooks: whether deliveries were refused .*ECONNREFUSED/),
  );
  expect(said).toContainEqual(expect.stringMatching(/^ok github: takes what is signed/));
  expect(said.join('\n')).not.toContain('nothing that says something has arrived');
});
