/**
 * The webhooks of a workspace. Linear disables one that keeps failing, and it has to be enabled by hand.
 * "Webhooks": https://linear.app/developers/webhooks
 */
import { z } from 'zod';
import { parseBody } from '../api-answers.ts';
import { checkPlaces, type HookApi } from '../hooks.ts';
import { query } from './read-back.ts';

const TEXT = 'query Webhooks { webhooks(first: 100) { nodes { id url enabled } } }';
const answerSchema = z.object({
  data: z
    .object({
      webhooks: z
        .object({
          nodes: z.array(z.object({ id: z.string(), url: z.string().nullish(), enabled: z.boolean() })),
        })
        .nullish(),
    })
    .nullish(),
});

export const hooks: HookApi = {
  needs: 'a key of an administrator of the workspace',
  async check(_, access, isOurs) {
    const check = async () => {
      const answer = await query(TEXT, {}, access);
      const nodes = parseBody(answerSchema, answer, 'Linear').data?.webhooks?.nodes;
      if (nodes === undefined)
        return 'Linear shows them to administrators alone, and not to the owner of LINEAR_API_TOKEN';
      return nodes
        .filter(({ url }) => isOurs(url ?? ''))
        .map(({ id, enabled }) =>
          enabled
            ? ({ id, state: 'on' } as const)
            : ({
                id,
                state: 'off',
                words: 'it is disabled, as Linear does after failures: enable it under Settings > API',
              } as const),
        );
    };
    return checkPlaces([{ place: 'the workspace', check }]);
  },
};
