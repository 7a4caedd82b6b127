/** A stand-in whose webhook is made with its API: it keeps one, calls it, and shows its only task when it is read. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, fakeApi } from '../fake-api.ts';
import { call, type Hook, hmac, malformed, refused, type StandIn, type Test } from '../stand-in.ts';
import { state, story } from './payloads.ts';

const integrationSchema = z.object({ webhook_url: z.url(), secret: z.string().min(1).max(128) });

/** https://developer.shortcut.com/api/webhook/v1 */
export async function startShortcut(test: Test, token: string): Promise<StandIn> {
  let hook: (Hook & { secret: string }) | undefined;
  const permalink = 'https://app.shortcut.com/acme/story/12';
  let now: Record<string, unknown> = { completed: false, workflow_state_id: 50 };
  const api = await fakeApi(test, ({ path, headers, body }: ApiCall): ApiAnswer => {
    if (headers['shortcut-token'] !== token) return refused;
    if (path === '/api/v3/integrations/webhook') {
      const asked = integrationSchema.safeParse(body).data;
      if (asked === undefined) return malformed;
      hook = { url: asked.webhook_url, headers: {}, secret: asked.secret };
      return { status: 201, body: { id: 'w1', has_secret: true, disabled: false, type: 'generic' } };
    }
    if (path === '/api/v3/workflows/5') return { body: { id: 5, states: [state(51, 'done', 'Completed')] } };
    return { body: { id: 12, app_url: permalink, workflow_id: 5, ...now } };
  });
  return {
    url: api.url,
    permalink,
    finish() {
      const at = new Date().toISOString();
      now = { completed: true, workflow_state_id: 51, moved_at: at };
      const changes = { workflow_state_id: { old: 50, new: 51 }, completed: { old: false, new: true } };
      const payload = {
        id: '641b',
        changed_at: at,
        version: 'v1',
        member_id: 'm1',
        actions: [story(changes)],
        references: [state(50, 'started'), state(51, 'done')],
      };
      const secret = hook?.secret ?? '';
      return call(hook, payload, (body) => ({ 'payload-signature': hmac(body, secret) }));
    },
  };
}
