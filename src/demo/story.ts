import { randomUUID } from 'node:crypto';
import type { Service } from '../service/service.ts';
import type { Simulator } from '../simulator/running-simulator.ts';
import type { SimFollowUp, SimIncident } from '../simulator/types.ts';
import { sleep } from '../sleep.ts';
import type { Store } from '../store/store.ts';
import { say, step, styled } from './say.ts';
import { until } from './until.ts';
import { deliver, permalinkOf } from './webhook.ts';

/** Everything that takes part. */
export interface DemoParts {
  incidentIo: Simulator;
  service: Service;
  store: Store;
  secret: string;
  incident: SimIncident;
  followUps: readonly SimFollowUp[];
  settleTime: string;
}

const issues = [
  { name: 'acme/api#12', title: 'Alert when replicas lag' },
  { name: 'acme/api#13', title: 'Retry the payment call' },
  { name: 'acme/web#7', title: 'Show a banner while checkout is down' },
] as const;

/** GitHub's times are whole seconds: what happens in the next one is later for everybody. */
const NEXT_SECOND = 1_100;

export function setScene(incidentIo: Simulator): Pick<DemoParts, 'incident' | 'followUps'> {
  const incident = incidentIo.createIncident({ name: 'Checkout is down', status: 'learning' });
  const followUps = issues.map(({ name, title }) =>
    incidentIo.createFollowUp({
      incident: incident.id,
      title,
      reference: { provider: 'github', name, permalink: permalinkOf(name) },
    }),
  );
  say(`${incident.reference} “${incident.name}” is in the post-incident status ${incident.status.name}.`);
  for (const { reference, title } of followUps) say(`  follow-up  ${reference?.name.padEnd(12)} ${title}`);
  return { incident, followUps };
}

/** Completes three follow-ups, one of them twice, one reopened in between. Throws unless one edit closes the incident. */
export async function playDemo(cast: DemoParts): Promise<void> {
  const { incidentIo, incident, settleTime } = cast;
  const decided = narrator(cast);
  const github = async (name: string, action: 'closed' | 'reopened', delivery: string = randomUUID()) => {
    const { service, secret } = cast;
    const answer = await deliver({ url: service.url, secret, name, action, delivery });
    say(`  webhook    issues.${action} ${name} → ${answer}`);
  };

  step(1, 'acme/api#12 is closed on GitHub.');
  await github('acme/api#12', 'closed');
  await decided((text) => text.endsWith('waits for acme/api#13 and acme/web#7'));

  step(2, 'acme/api#13 is closed, and GitHub sends that webhook twice.');
  const twice = randomUUID();
  await github('acme/api#13', 'closed', twice);
  await github('acme/api#13', 'closed', twice);
  await decided((text) => text.endsWith('waits for acme/web#7'));

  step(
    3,
    `acme/web#7 is closed, the last one. The incident settles for ${settleTime} (a minute by default).`,
  );
  await github('acme/web#7', 'closed');
  await decided((text) => text.includes('settles'));

  step(4, 'Meanwhile somebody reopens acme/api#12: it was not fixed after all.');
  await sleep(NEXT_SECOND);
  await github('acme/api#12', 'reopened');
  await decided((text) => text.endsWith('waits for acme/api#12'));

  step(5, 'acme/api#12 is closed for good.');
  await sleep(NEXT_SECOND);
  await github('acme/api#12', 'closed');
  await decided((text) => text.includes('settles'));

  step(6, 'Nothing changes any more, so the incident is closed.');
  await decided((text) => text.startsWith('close:'));

  const closed = incidentIo.incident(incident.id);
  const edits = incidentIo.requests.filter(({ method }) => method === 'POST' || method === 'PATCH').length;
  if (closed.status.category !== 'closed' || edits !== 1)
    throw new Error(
      `The demo went wrong: ${closed.reference} is ${closed.status.name} after ${edits} edits.`,
    );
  say();
  const calls = incidentIo.requests.length;
  say(
    `${styled('green', `${closed.reference} is ${closed.status.name} in incident.io`)}, with ${edits} edit and ${calls} calls in all.`,
  );
}

/** Waits for a verdict, and prints what was written and decided on the way. */
function narrator({
  incidentIo,
  store,
  incident,
  followUps,
}: DemoParts): (wanted: (text: string) => boolean) => Promise<void> {
  let before = 0;
  return async (wanted) => {
    const text = await until(async () => {
      const outcome = await store.outcomes.get(incident.id);
      const verdict = outcome && `${outcome.verdict}: ${outcome.words}`;
      return verdict !== undefined && wanted(verdict) && verdict;
    }, 'the verdict');
    for (const effect of incidentIo.effects.slice(before)) {
      const followUp = followUps.find(({ id }) => id === effect.id);
      if (followUp !== undefined)
        say(`  wrote      ${followUp.reference?.name} from ${effect.from} to ${effect.to}`);
    }
    before = incidentIo.effects.length;
    say(`  decided    ${styled('bold', text)}`);
  };
}
