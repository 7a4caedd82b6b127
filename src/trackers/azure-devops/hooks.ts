/**
 * The service hooks of organizations and collections. Azure DevOps restricts one after any failure that is not transient,
 * and disables it after some days. "Troubleshoot service hooks": https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot
 * "Subscriptions - List": https://learn.microsoft.com/rest/api/azure/devops/hooks/subscriptions/list
 */
import { z } from 'zod';
import { parseAnswer } from '../api-calls.ts';
import { checkPlaces, type Hook, type HookApi, mostOften } from '../hooks.ts';
import type { ApiAccess } from '../read-back.ts';
import { placeOf } from './permalink.ts';
import { baseOf, call } from './read-back.ts';

const TITLE = 'Azure DevOps';
const MOST = 10;

const hooksSchema = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      eventType: z.string().nullish(),
      publisherInputs: z.object({ projectId: z.string().nullish() }).nullish(),
      status: z.string().nullish(),
      consumerInputs: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
});
type Subscription = z.infer<typeof hooksSchema>['value'][number];

export const hooks: HookApi = {
  needs: 'the right to view subscriptions of the projects',
  async check(tasks, access, isOurs) {
    const sites = mostOften(
      tasks.flatMap((task) => placeOf(task)?.site ?? []),
      MOST,
    );
    return checkPlaces(sites.map((site) => ({ place: site, check: () => found(site, access, isOurs) })));
  },
};

async function found(
  site: string,
  access: ApiAccess,
  isOurs: (url: string) => boolean,
): Promise<Omit<Hook, 'place'>[] | string> {
  const base = baseOf(site, access.urls);
  if (base === undefined) return `${site} is none of the addresses in AZURE_DEVOPS_URL`;
  const answer = await call(base, '_apis/hooks/subscriptions', access, undefined, [403]);
  if (answer.status === 403 || answer.status === 404)
    return `${TITLE} does not show them to the token in AZURE_DEVOPS_API_TOKEN (${answer.status})`;
  return parseAnswer(hooksSchema, answer, TITLE)
    .value.filter(({ consumerInputs }) => isOurs(String(consumerInputs?.url ?? '')))
    .map(stateOf);
}

function stateOf({ id, eventType, publisherInputs, status }: Subscription): Omit<Hook, 'place'> {
  const of = [eventType ?? 'an unknown event', publisherInputs?.projectId ?? ''].join(' ').trim();
  const which = `that for ${of}`;
  if (status === 'onProbation')
    return {
      id,
      of,
      state: 'failing',
      words: `${which} is restricted after a failure: it goes on after the next delivery that is taken, and what comes until then is lost`,
    };
  if (status?.startsWith('disabled'))
    return { id, of, state: 'off', words: `${which} is disabled (${status}): enable it under Service hooks` };
  return { id, of, state: 'on' };
}
