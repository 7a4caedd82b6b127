import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { newSecret } from '../../src/trackers/standard-webhooks.ts';
import { openProcessWorld, SOON } from '../processes/world.ts';
import { freshPlaceLike, placesInTime } from '../support/backends.ts';
import { startReceiver } from '../support/receiver.ts';

describe.each(placesInTime('postgres'))('SIGKILL on $name', (place) => {
  it('after a comment was taken and before that was written down: there is one comment', async (test) => {
    const comments: { body: string }[] = [];
    let answers = false;
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      if (request.url === '/api/graphql') return response.end(JSON.stringify({ data: {} }));
      expect(request.headers.authorization).toBe('Bearer canary');
      if (request.method === 'GET') return response.end(JSON.stringify(comments));
      comments.push(JSON.parse(text));
      if (answers) response.writeHead(201).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

    const world = await openProcessWorld(
      place,
      { ...SOON, ANNOUNCE_IN_TASKS: 'true', GITHUB_API_TOKEN: 'canary', GITHUB_URL: url },
      {},
      test,
    );
    const { incidentIo } = world;
    const incident = incidentIo.createIncident({ name: 'Down @all', status: 'learning' });
    const reference = {
      provider: 'github',
      name: 'acme/api#1',
      permalink: `${url}/acme/api/issues/1`,
    } as const;
    const followUp = incidentIo.createFollowUp({ incident: incident.id, title: 'Fix it', reference });
    const first = await world.serve();
    await first.logged('first sync finished');
    incidentIo.setFollowUp(followUp.id, 'completed');
    await world.run(['sweep']);
    await expect.poll(() => comments.length).toBe(1);
    await first.kill();
    answers = true;

    const second = await world.serve();
    await second.logged(/^told incident\.closed of INC-\d+ in the task acme\/api#1/);
    expect(comments).toEqual([
      {
        body: expect.stringMatching(
          /^INC-\d+ “Down @\u2060all” was closed: its only follow-up is done\.\n\nhttp/,
        ),
      },
    ]);
  });

  it('after the update in the incident and the webhook were taken, and before that was written down: one update, one id', async (test) => {
    let answers = false;
    const receiver = await startReceiver((_, response) => void (answers && response.end()));
    test.onTestFinished(() => receiver.close());
    const world = await openProcessWorld(
      freshPlaceLike(place),
      {
        ...SOON,
        ANNOUNCE_IN_INCIDENT: 'true',
        OUTGOING_WEBHOOK_URL: receiver.url,
        OUTGOING_WEBHOOK_SECRET: newSecret(),
      },
      {},
      test,
    );
    const { incidentIo } = world;
    const incident = world.incident(['announce/kill#1']);
    incidentIo.misbehave({ route: 'POST /v2/incident_updates', fault: { kind: 'hang' }, when: 'after' });
    const first = await world.serve();
    await first.github({ issue: 'announce/kill#1', action: 'closed' });
    const updates = () => incidentIo.updates(incident.id).flatMap(({ message }) => message ?? []);
    await expect.poll(updates).toHaveLength(1);
    await expect.poll(() => receiver.received.length).toBe(1);
    await first.kill();
    answers = true;

    const second = await world.serve();
    await second.logged(/^told incident\.closed of INC-\d+ in the incident/);
    await second.logged(/^told incident\.closed of INC-\d+ to the webhook/);
    expect(updates()).toHaveLength(1);
    const told = receiver.received.map(({ headers, body }) => ({ id: headers['webhook-id'], body }));
    expect(told.length).toBeGreaterThan(1);
    for (const one of told) expect(one).toEqual(told[0]);
  });
});
