import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { openProcessWorld, SOON } from '../processes/world.ts';
import { queuePlaces } from '../support/backends.ts';

describe.each(queuePlaces())('SIGKILL on $name', (place) => {
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
});
