import { describe, expect, it } from 'vitest';
import { audienceOf, forAudience } from '../../src/announcements/audience.ts';
import { AnnounceLaterError } from '../../src/announcements/posting.ts';
import { KeyRejectedError, NotFoundError } from '../../src/incident-io/errors.ts';
import { history } from '../../src/operations/history.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { newSecret } from '../../src/trackers/standard-webhooks.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import type { incident } from '../support/make.ts';
import { PATIENCE } from '../support/patience.ts';
import { startReceiver } from '../support/receiver.ts';
import { closed, openWorld } from '../support/world.ts';

const NAME = 'canary-private-name';
const TITLE = 'canary-private-title';

describe.each(onePlace('embedded'))('a private incident on $name', (place) => {
  it.each([
    [false, []],
    [true, ['incident.closed']],
  ])(
    'is closed like others and told nowhere outside incident.io (ANNOUNCE_PRIVATE=%s)',
    async (announcePrivate, sent) => {
      const receiver = await startReceiver((_, response) => response.end());
      const world = await openWorld(freshPlaceLike(place), {
        OUTGOING_WEBHOOK_URL: receiver.url,
        OUTGOING_WEBHOOK_SECRET: newSecret(),
        ANNOUNCE_IN_INCIDENT: 'true',
        ANNOUNCE_PRIVATE: String(announcePrivate),
        LOG_LEVEL: 'trace',
      });
      try {
        const { incidentIo } = world;
        const hidden = await world.incident(['acme/secret#1'], { name: NAME, visibility: 'private' });
        await world.github({ issue: 'acme/secret#1', action: 'closed' });
        await closed(world, hidden);
        const updates = () => incidentIo.updates(hidden.id).flatMap(({ message }) => message ?? []);
        await expect.poll(updates, { timeout: PATIENCE }).toEqual([expect.stringContaining('was closed')]);
        const told = async () => (await history({ limit: 1 }, world.context())).closures[0];
        await expect
          .poll(async () => (await told())?.announced.map(({ state }) => state), { timeout: PATIENCE })
          .toEqual(['made', announcePrivate ? 'made' : 'given-up']);
        expect(await told()).toMatchObject({ private: true, name: NAME });
        expect(receiver.received.map(({ body }) => JSON.parse(body))).toEqual(
          sent.map((type) => ({
            type,
            timestamp: expect.any(String),
            data: { incident: { id: hidden.id, reference: hidden.reference } },
          })),
        );
        expect(world.logged.join('\n')).toContain(hidden.reference);
        expect(world.logged.join('\n')).not.toContain(NAME);
        for (const line of world.logged.filter((one) => one.includes(hidden.reference)))
          expect(line).not.toMatch(/acme\/secret|#1|github\.com/);
      } finally {
        await world.close();
        await receiver.close();
      }
    },
  );
});

describe('who may be told', () => {
  const settings = readSettings({ INCIDENT_IO_API_KEY: 'k' });
  const loud = { announcePrivate: true };
  const body = JSON.stringify({
    type: 'incident.blocked',
    timestamp: '2026-03-01T10:00:00Z',
    data: { incident: { id: '01X', reference: 'INC-1', name: NAME, url: 'https://x' }, words: TITLE },
  });
  const announcement = { type: 'incident.blocked', incident: '01X', at: 0, body, places: [] } as const;

  it.each(['private', 'secret', ''])(
    'of visibility “%s”: nobody outside, and by webhook the reference alone',
    (visibility) => {
      const audience = { isPrivate: visibility !== 'public' };
      const about = { ...announcement, places: [] };
      expect(() => forAudience(about, { kind: 'task' }, audience, loud)).toThrow('private');
      expect(() => forAudience(about, { kind: 'webhook' }, audience, { announcePrivate: false })).toThrow(
        'private',
      );
      expect(forAudience(about, { kind: 'incident' }, audience, loud)).toBe(about);
      const told = forAudience(about, { kind: 'webhook' }, audience, loud);
      expect(JSON.parse(told.body ?? '')).toEqual({
        type: 'incident.blocked',
        timestamp: '2026-03-01T10:00:00Z',
        data: { incident: { id: '01X', reference: 'INC-1' } },
      });
    },
  );

  function looking(read: () => Promise<ReturnType<typeof incident>>, file?: Parameters<typeof policyOf>[1]) {
    const told: unknown[] = [];
    const deps = {
      reader: { incident: read },
      store: undefined as never,
      clock: { now: () => 0 },
      policy: policyOf(settings, file),
      announcePrivate: false,
      keyWorks: () => true,
      onFailure: async (error: unknown) => void told.push(error),
    };
    return deps;
  }

  it('is read again; one that the key is not shown counts as private, one that cannot be read is told later', async () => {
    const failing = (error: Error) => looking(() => Promise.reject(error));
    expect(await audienceOf('01X', failing(new NotFoundError('gone')))).toEqual({ isPrivate: true });
    await expect(audienceOf('01X', failing(new KeyRejectedError('no')))).rejects.toThrow('no');
    await expect(audienceOf('01X', { ...failing(new Error('x')), keyWorks: () => false })).rejects.toThrow(
      AnnounceLaterError,
    );
  });
});
