import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ALL_ROLES } from '../../src/simulator/simulator.ts';
import { onePlace, placesInTime } from '../support/backends.ts';
import { INCIDENT_IO_SECRET, sendIncidentIo } from '../support/incident-io.ts';
import type { Result } from '../support/process.ts';
import { openProcessWorld } from './world.ts';

const own = { INCIDENT_IO_WEBHOOK_SECRET: INCIDENT_IO_SECRET };
const lines = ({ stdout }: Result) => stdout.split('\n');
const said = (result: Result, mark: 'ok' | 'WARNING' | 'TROUBLE') =>
  lines(result).filter((line) => line.startsWith(`${mark} `));

describe.each(placesInTime('redis'))('`doctor`, on $name', (place) => {
  it('finds no problem next to a running service: every source takes what is signed, and says when the last came', async (test) => {
    // The stand-in has two closed statuses, of which one has to be chosen.
    const world = await openProcessWorld(place, { ...own, CLOSED_STATUS: 'Closed' }, {}, test);
    const incident = world.incident(['doctor/well#1']);
    const service = await world.serve();
    await service.logged('first sync finished');
    await service.github({ issue: 'doctor/well#1', action: 'closed' });
    await sendIncidentIo(service.at, 'public_incident.incident_updated_v2', { id: incident.id });
    await service.logged(/: close, /);

    const result = await world.run(['doctor'], { LOG_LEVEL: 'info', PORT: new URL(service.at).port });
    // The tests' own PostgreSQL is set up for speed, and doctor rightly says so.
    const warnings = said(result, 'WARNING').filter((line) => !/fsync|synchronous_commit/.test(line));
    expect({ code: result.code, trouble: said(result, 'TROUBLE'), warnings }).toEqual({
      code: 0,
      trouble: [],
      warnings: [],
    });
    const all = lines(result).join('\n');
    expect(lines(result).at(-1)).toBe(
      place.name === 'postgres' ? 'It works, with 2 warnings.' : 'All is well.',
    );
    expect(all).toMatch(/queue: .*\d+\.\d+.* takes and keeps what it is given/);
    expect(all).toMatch(/clock: agrees with that of incident\.io, to \d+ s/);
    expect(all).toContain('API key: “incident-closer” of https://app.incident.io/example');
    expect(all).toContain('statuses: closing moves an incident to “Closed”');
    expect(all).toContain(`webhooks: ${service.at} takes them`);
    for (const name of ['github', 'incident-io']) {
      expect(all).toMatch(
        new RegExp(`ok +${name}: takes what is signed with ${name.toUpperCase().replace('-', '_')}_`),
      );
      expect(all).toMatch(new RegExp(`ok +${name}: last delivery that said something: 20.* \\(.* ago\\)`));
    }
    expect(all).not.toContain(INCIDENT_IO_SECRET);
    expect(all).not.toContain(world.incidentIo.token);
    expect(world.incidentIo.requests.filter(({ method }) => method === 'GET').length).toBeGreaterThan(0);
  });

  it('without a service it tries the sources with a receiver of its own, and says that nobody works', async (test) => {
    const world = await openProcessWorld(place, own, {}, test);
    const result = await world.run(['doctor'], { LOG_LEVEL: 'info', ASANA_WEBHOOK_SECRET: 'handshake' });
    expect(result.code).toBe(0);
    expect(said(result, 'TROUBLE')).toEqual([]);
    const warnings = said(result, 'WARNING').join('\n');
    expect(warnings).toContain('receiver of its own');
    expect(warnings).toContain('There is no store ');
    expect(warnings).toContain('asana: no secret yet: it is kept once Asana offers it');
    expect(warnings).toContain('github: nothing that says something has arrived');
    expect(said(result, 'ok').join('\n')).toContain('incident-io: takes what is signed');
    expect(lines(result).at(-1)).toMatch(/^It works, with \d warnings\.$/);
  });
});

const [anywhere] = onePlace('redis');

describe.runIf(anywhere !== undefined)('`doctor` exits 1 and says what to do', () => {
  const open = (test: Parameters<typeof openProcessWorld>[3], over = {}, roles = [...ALL_ROLES]) => {
    if (anywhere === undefined) throw new Error('this run covers no backend');
    return openProcessWorld(anywhere, over, { key: { roles } }, test);
  };
  const troubles = async (world: Awaited<ReturnType<typeof open>>, over: Record<string, string> = {}) => {
    const result = await world.run(['doctor'], { LOG_LEVEL: 'info', ...over });
    expect(result.code).toBe(1);
    expect(lines(result).at(-1)).toMatch(/^It would not work as it is: /);
    return said(result, 'TROUBLE').join('\n');
  };

  it('where settings are missing or malformed, all of them at once', async (test) => {
    const world = await open(test);
    const said = await troubles(world, { INCIDENT_IO_API_KEY: '', SETTLE_TIME: 'soon' });
    expect(said).toContain('configuration: INCIDENT_IO_API_KEY is missing');
    expect(said).toContain('configuration: SETTLE_TIME is "soon"');
  });

  it('where the queue does not answer', async (test) => {
    const world = await open(test);
    expect(await troubles(world, { QUEUE_URL: 'redis://127.0.0.1:1' })).toMatch(
      /queue: Redis at 127\.0\.0\.1:1/,
    );
    expect(await troubles(world, { QUEUE_URL: '/dev/null/folder' })).toContain(
      'the folder /dev/null/folder/database cannot be used',
    );
  });

  it('where the key is refused', async (test) => {
    const world = await open(test);
    world.incidentIo.revokeKey('incident-closer');
    expect(await troubles(world)).toMatch(/API key: .*rejects the API key.*INCIDENT_IO_API_KEY/);
  });

  it('where the key lacks roles', async (test) => {
    const world = await open(test, {}, ['viewer']);
    expect(await troubles(world)).toMatch(
      /API key: The API key .* lacks the roles incident_editor and post_incident_flow_opt_out.*Settings > API keys/,
    );
    world.incidentIo.setRoles('incident-closer', ['viewer', 'incident_editor']);
    expect(await troubles(world)).toMatch(/API key: the API key lacks the role post_incident_flow_opt_out/);
  });

  it('where a scope is missing although the roles are there', async (test) => {
    const world = await open(test);
    world.incidentIo.misbehave({
      route: 'GET /v3/follow_ups',
      fault: { kind: 'status', status: 403 },
      times: 9,
    });
    expect(await troubles(world)).toMatch(/incident\.io: Could not list the follow-ups.*Give the key a role/);
  });

  it('where the status that was asked for does not exist', async (test) => {
    const world = await open(test, { CLOSED_STATUS: 'Over' });
    expect(await troubles(world)).toMatch(
      /statuses: CLOSED_STATUS is “Over”.*“Closed” and “Closed without review”/,
    );
  });

  it('where incident.io does not answer', async (test) => {
    const world = await open(test);
    expect(await troubles(world, { INCIDENT_IO_API_URL: 'http://127.0.0.1:1' })).toMatch(
      /incident\.io: Could not read/,
    );
  });

  it('where the clock is so far off that signed webhooks are refused', async (test) => {
    const world = await open(test);
    const upstream = world.incidentIo.url;
    // incident.io, ten minutes ahead.
    const ahead = createServer(async (request, response) => {
      const answer = await fetch(`${upstream}${request.url}`, {
        headers: { authorization: request.headers.authorization ?? '' },
      });
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        date: new Date(Date.now() + 600_000).toUTCString(),
      });
      response.end(await answer.text());
    });
    await new Promise<void>((resolve) => ahead.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(() => void ahead.close());
    const address = ahead.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await troubles(world, { INCIDENT_IO_API_URL: `http://127.0.0.1:${port}` })).toMatch(
      /clock: this machine is (59\d|60\d) s behind incident\.io.*NTP/,
    );
  });

  it('where a secret can be guessed', async (test) => {
    const world = await open(test);
    const said = await troubles(world, { GITHUB_WEBHOOK_SECRET: 'a secret of sixteen,letmein' });
    expect(said).toContain('configuration: secret 2 of GITHUB_WEBHOOK_SECRET is shorter than 16 characters');
    expect(said).not.toContain('letmein');
  });

  it.skipIf(anywhere?.name === 'embedded')(
    'and sends nothing to who only answers as a service would',
    async (test) => {
      const world = await open(test, own);
      const service = await world.serve('receive');
      const real = new URL(service.at);
      const asked: string[] = [];
      // It passes what it is asked on to the service, and keeps what it is sent.
      const impostor = createServer(async (request, response) => {
        asked.push(`${request.method} ${request.url}`);
        const answer = await fetch(new URL(request.url ?? '/', real), { method: request.method ?? 'GET' });
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      });
      const port = await new Promise<number>((resolve) => {
        impostor.listen(0, '127.0.0.1', () => {
          const address = impostor.address();
          resolve(typeof address === 'object' && address !== null ? address.port : 0);
        });
      });
      test.onTestFinished(() => void impostor.close());
      const result = await world.run(['doctor'], { LOG_LEVEL: 'info', PORT: String(port) });
      expect(said(result, 'WARNING').join('\n')).toMatch(
        /webhooks: what answers at .* could not show that it is a service of this store/,
      );
      expect(asked.filter((one) => one.startsWith('GET /proof?challenge='))).toHaveLength(1);
      expect(asked.filter((one) => !one.startsWith('GET '))).toEqual([]);
      expect(said(result, 'ok').join('\n')).toContain('incident-io: takes what is signed');

      const known = await world.run(['doctor'], { LOG_LEVEL: 'info', PORT: real.port });
      expect(said(known, 'ok').join('\n')).toContain(`webhooks: ${service.at} takes them`);
    },
  );

  it.skipIf(anywhere?.name === 'embedded')(
    'where the running service has other secrets, naming which of several, and repeating none',
    async (test) => {
      const world = await open(test, own);
      const service = await world.serve('receive');
      const port = new URL(service.at).port;
      const other = `whsec_${createHmac('sha256', 'a').update('b').digest('base64')}`;
      const said = await troubles(world, {
        PORT: port,
        GITHUB_WEBHOOK_SECRET: `${world.env.GITHUB_WEBHOOK_SECRET},another`,
        INCIDENT_IO_WEBHOOK_SECRET: other,
      });
      expect(said).toMatch(/github: .* answers 401 .*secret 2 of GITHUB_WEBHOOK_SECRET: restart/);
      expect(said).toMatch(/incident-io: .* answers 401 .*INCIDENT_IO_WEBHOOK_SECRET: restart/);
      expect(said).not.toContain('another');
      expect(said).not.toContain(other);
    },
  );
});
