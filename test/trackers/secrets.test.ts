import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createHttp } from '../../src/http.ts';
import type { ApiAccess } from '../../src/trackers/read-back.ts';
import { asked } from '../support/all-trackers.ts';
import { manners, startChatty } from '../support/chatty.ts';
import { samples } from './all-samples.ts';
import { defaultsOf } from './samples.ts';

const TOKEN = 'ada@example.com:canary-token-91';
const AS_BASIC = [TOKEN, `:${TOKEN}`].map((text) => Buffer.from(text).toString('base64'));

/** Whatever of an error could end up in a log, its causes included. */
const all = (error: unknown) => inspect(error, { depth: 20, showHidden: true });

describe.each(asked)('the token of $name', (tracker) => {
  const { readBack, commenting, name } = tracker;
  if (readBack === undefined) throw new Error(`${name} has no API`);

  it('is in no error about an answer that repeats it, and in no reading', async (test) => {
    const { url, calls } = await startChatty(test);
    const base = name === 'azure-devops' ? `${url}/acme` : url;
    const http = createHttp();
    test.onTestFinished(() => http.close());
    const access: ApiAccess = {
      token: TOKEN,
      urls: [base],
      options: defaultsOf(tracker),
      now: Date.now(),
      send: (request) => http.send(request),
    };
    const links = (samples[name]?.permalinks ?? []).map(([link]) => link);
    const task = [...links.map((link) => link.replace(/^https?:\/\/[^/]+/, url)), ...links]
      .flatMap((link) => tracker.taskKey(link) ?? [])
      .find((key) => readBack.covers?.(key, [base]) ?? true);
    if (task === undefined) throw new Error('no sample is at the stand-in');
    // Known by its id alone, it is asked for in another way.
    const tasks = name === 'gitlab' ? [task, `gitlab:id:${new URL(url).host}/9012`] : [task];
    const comment = {
      task,
      closure: randomUUID(),
      text: 'Closed.',
      marker: 'marker',
      since: Date.now(),
      mayPost: async () => {},
    };
    const told: unknown[] = [];
    for (const attempt of [
      () => readBack.read(tasks, access),
      ...(commenting ? [() => commenting.comment(comment, access)] : []),
    ])
      for (let asked = 0; asked < manners.length; asked++)
        told.push(await attempt().catch((error: unknown) => error));
    expect(calls.get('')).toBeGreaterThanOrEqual(manners.length);
    expect(told.filter((one) => one instanceof Error).length).toBeGreaterThan(manners.length / 2);
    for (const one of told)
      for (const secret of ['canary', ...AS_BASIC]) expect(all(one)).not.toContain(secret);
  });
});
