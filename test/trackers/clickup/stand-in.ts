/** A stand-in whose webhook is made with its API: it keeps one, calls it, and shows its only task when it is read. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, fakeApi } from '../fake-api.ts';
import { call, type Hook, hmac, malformed, type StandIn, type Test } from '../stand-in.ts';
import { changed, inProgress, status } from './payloads.ts';

const webhookSchema = z.object({
  endpoint: z.url(),
  events: z.array(z.enum(['taskStatusUpdated', 'taskMoved', 'taskDeleted', 'taskCreated', 'taskUpdated'])),
});

/** https://developer.clickup.com/docs/webhooks */
export async function startClickUp(test: Test, token: string): Promise<StandIn> {
  const secret = 'canary-made-by-clickup';
  let hook: Hook | undefined;
  let now: Record<string, unknown> = { status: inProgress, date_closed: null };
  const api = await fakeApi(test, ({ path, headers, body }: ApiCall): ApiAnswer => {
    if (headers.authorization !== token) return { status: 401, body: { ECODE: 'OAUTH_025' } };
    if (path === '/api/v2/team/9012/webhook') {
      const asked = webhookSchema.safeParse(body).data;
      if (asked === undefined) return malformed;
      hook = { url: asked.endpoint, headers: {} };
      return { body: { id: '7fa3', webhook: { id: '7fa3', secret, health: { status: 'active' } } } };
    }
    return { body: { id: '86cvyxabb', ...now } };
  });
  return {
    url: api.url,
    permalink: 'https://app.clickup.com/t/86cvyxabb',
    secret,
    finish() {
      const date = String(Date.now());
      const complete = status('complete', 'closed');
      now = { status: complete, date_closed: date };
      return call(hook, changed(inProgress, complete, { date }), (body) => ({
        'x-signature': hmac(body, secret),
      }));
    },
  };
}
