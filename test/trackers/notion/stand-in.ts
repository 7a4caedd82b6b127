/** A stand-in that shakes hands, as its API documents it. */
import { createHmac, randomBytes } from 'node:crypto';
import { post, serve } from '../stand-in.ts';
import { event, page, source, status } from './payloads.ts';

/** https://developers.notion.com/reference/webhooks */
export async function startNotion(apiToken: string) {
  const secret = `secret_${randomBytes(24).toString('base64url')}`;
  const done = new Set<string>();
  const server = await serve(async ({ url = '', headers }) => {
    if (headers.authorization !== `Bearer ${apiToken}` || headers['notion-version'] === undefined)
      return { code: 401, body: {} };
    if (url.startsWith('/v1/data_sources/'))
      return { code: 200, body: source({ 'To-do': ['Not started'], 'In progress': [], Complete: ['Done'] }) };
    const id = url.slice('/v1/pages/'.length);
    return { code: 200, body: page({ Status: status(done.has(id) ? 'Done' : 'Not started') }, { id }) };
  });
  const sign = (body: string) => ({
    'x-notion-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  });
  const send = (target: string, payload: unknown): Promise<Response> => {
    const body = JSON.stringify(payload);
    return post(target, body, sign(body));
  };
  return {
    ...server,
    /** What a person does in the settings; the token comes by itself. */
    subscribe: (target: string) => send(target, { verification_token: secret }),
    /** Whether this is what a person has to paste. */
    isVerifiedBy: (pasted: string) => pasted === secret,
    async finish(target: string, id: string): Promise<Response> {
      done.add(id);
      return send(target, event('page.properties_updated', { entity: { id, type: 'page' } }));
    },
    secret,
  };
}
