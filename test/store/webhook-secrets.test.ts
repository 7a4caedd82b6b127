import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { OFFER_WINDOW, WebhookSecrets } from '../../src/store/webhook-secrets.ts';
import { queuePlaces } from '../support/backends.ts';

function open() {
  const clock = { time: Date.parse('2026-03-01T12:00:00Z'), now: () => clock.time };
  return { clock, secrets: new WebhookSecrets(createMemoryTables(clock)) };
}

describe('secrets that were offered', () => {
  it('the first is kept, the same again is known, and another is refused', async () => {
    const { secrets, clock } = open();
    expect(await secrets.offer('asana', 'too early')).toBe('refused');
    expect(await secrets.openFirst('asana')).toBe(clock.time + OFFER_WINDOW);
    expect(await secrets.of('asana')).toEqual([]);
    expect(await secrets.offer('asana', 'first')).toBe('kept');
    expect(await secrets.offer('asana', 'first')).toBe('known');
    expect(await secrets.offer('asana', 'second')).toBe('refused');
    expect(await secrets.of('asana')).toEqual(['first']);
    expect(await secrets.of('notion')).toEqual([]);
  });

  it('an open door lets exactly one more in, and the first stays valid', async () => {
    const { secrets, clock } = open();
    await secrets.openFirst('asana');
    await secrets.offer('asana', 'first');
    expect(await secrets.openDoor('asana')).toBe(clock.time + OFFER_WINDOW);
    expect(await secrets.offer('asana', 'first')).toBe('known');
    expect(await secrets.offer('asana', 'second')).toBe('kept');
    expect(await secrets.offer('asana', 'third')).toBe('refused');
    expect(await secrets.of('asana')).toEqual(['first', 'second']);
  });

  it('a later start opens no door', async () => {
    const { secrets, clock } = open();
    await secrets.openFirst('asana');
    clock.time += OFFER_WINDOW;
    expect(await secrets.openFirst('asana')).toBeUndefined();
    expect(await secrets.offer('asana', 'first')).toBe('refused');
  });

  it('the window closes after its time', async () => {
    const { secrets, clock } = open();
    await secrets.openFirst('asana');
    await secrets.offer('asana', 'first');
    await secrets.openDoor('asana');
    clock.time += OFFER_WINDOW;
    expect(await secrets.offer('asana', 'second')).toBe('refused');
  });

  it('after they were forgotten, the next one is kept', async () => {
    const { secrets } = open();
    await secrets.openFirst('asana');
    await secrets.offer('asana', 'a stranger’s');
    expect(await secrets.forget('asana')).toMatchObject({ forgotten: 1 });
    expect(await secrets.of('asana')).toEqual([]);
    expect(await secrets.offer('asana', 'first')).toBe('kept');
  });
});

// The folder's restart is shown with the whole program: test/processes/handshakes.test.ts.
const servers = queuePlaces().filter(({ name }) => name !== 'embedded');

describe.each(servers)('secrets that were offered, on $name', (place) => {
  const options = { prefix: place.prefix, log: createLogger('silent') };

  it('of many at once one is kept, and it is there after a restart', async () => {
    const backend = await openBackend(place.url, options);
    const secrets = new WebhookSecrets(backend.tables);
    await secrets.openFirst('asana');
    const offered = Array.from({ length: 5 }, (_, i) => `secret-${i}`);
    const outcomes = await Promise.all(offered.map((secret) => secrets.offer('asana', secret)));
    expect(outcomes.filter((outcome) => outcome === 'kept')).toHaveLength(1);
    const kept = [offered[outcomes.indexOf('kept')]];
    expect(await secrets.of('asana')).toEqual(kept);
    await backend.close();

    const again = await openBackend(place.url, options);
    expect(await new WebhookSecrets(again.tables).of('asana')).toEqual(kept);
    await again.close();
  });
});
