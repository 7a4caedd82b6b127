/** Incidents, what becomes of their tasks, and whether each was closed as it should have been. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import type { ProcessWorld } from '../processes/world.ts';
import { type IssueWebhook, sendGithub } from '../support/github.ts';
import { PATIENCE } from '../support/patience.ts';
import type { TestIncident } from '../support/world.ts';
import { between, type Chance, shuffled } from './chance.ts';
import { type Found, tally } from './tally.ts';

/** An incident of a story. It is due once all its issues are closed; one that never is has an issue that stays open. */
export interface Planned extends TestIncident {
  issues: string[];
  open: string[];
  /** When the last closing of an issue began to be sent, ms. */
  dueSince?: number;
}

/** Every fourth of `n` incidents keeps an issue that nobody closes. Make them before the start. */
export function plan(world: ProcessWorld, story: string, n: number, chance: Chance): Planned[] {
  return Array.from({ length: n }, (_, at) => {
    const issues = Array.from({ length: between(chance, 1, 3) }, (_, no) => `${story}/repo-${at}#${no + 1}`);
    const open = at % 4 === 3 ? [`${story}/repo-${at}#99`] : [];
    return { ...world.incident([...issues, ...open]), issues, open };
  });
}

/**
 * Sends what closes the issues, as trackers do: each delivery until it is answered 202, to an address that may change
 * meanwhile, in any order and some twice. Answers when the last was taken.
 */
export async function deliver(
  planned: readonly Planned[],
  to: () => string,
  chance: Chance,
  { atOnce = 4, pause = 0 }: { atOnce?: number; pause?: number } = {},
): Promise<void> {
  const left = shuffled(
    planned.flatMap((incident) => incident.issues.map((issue) => ({ incident, issue }))),
    chance,
  );
  const sent = new Map<string, number>();
  const twice = new Set(left.filter(() => chance() < 0.2).map(({ issue }) => issue));
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const { incident, issue } = next;
        const done = (sent.get(incident.id) ?? 0) + 1;
        sent.set(incident.id, done);
        if (done === incident.issues.length && incident.open.length === 0) incident.dueSince = Date.now();
        const webhook = { issue, action: 'closed', at: Date.now(), delivery: randomUUID() } as const;
        await untilAccepted(to, webhook);
        if (twice.has(issue)) await untilAccepted(to, webhook);
        await sleep(pause);
      }
    }),
  );
}

/** How many deliveries of this file's stories were answered 202. */
export const answered = { accepted: 0 };

/** What a sender does: a refusal, a reset and no answer are tried again, and 202 is believed. */
export async function untilAccepted(to: () => string, webhook: IssueWebhook): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const status = await sendGithub(to(), webhook).then(
      (answer) => answer.status,
      () => 'no answer',
    );
    if (status === 202) {
      answered.accepted += 1;
      return;
    }
    // Whatever else it may be, nobody may call a good delivery wrong.
    if (status !== 503 && status !== 'no answer') throw new Error(`${webhook.issue} was answered ${status}`);
    if (Date.now() > end) throw new Error(`${webhook.issue} was not taken within ${PATIENCE} ms`);
    await sleep(50);
  }
}

/**
 * Waits until all that is due is closed, then until nothing is left to do (shown by one more incident, which comes
 * last), and looks what became of each. Puts the story into the table, and fails where anything was lost or wrong.
 */
export async function judge(
  story: string,
  world: ProcessWorld,
  planned: readonly Planned[],
  last: Planned,
  to: () => string,
  times: number,
): Promise<void> {
  const due = planned.filter(({ dueSince }) => dueSince !== undefined);
  await until(() => due.every((incident) => closings(world, incident).length > 0));
  last.dueSince = Date.now();
  for (const issue of last.issues) await untilAccepted(to, { issue, action: 'closed' });
  await until(() => closings(world, last).length > 0);

  const found: Found = { times, incidents: planned.length + 1, lost: [], wrong: [] };
  for (const incident of [...planned, last]) {
    const closed = closings(world, incident);
    const name = `${incident.reference} (${incident.issues.join(', ')})`;
    if (incident.dueSince !== undefined && closed.length === 0) found.lost.push(name);
    const early = closed.some(({ at }) => at < (incident.dueSince ?? Number.POSITIVE_INFINITY));
    if (closed.length > 1 || early) found.wrong.push(name);
    for (const closing of closed) {
      const before = world.incidentIo.effects.slice(0, world.incidentIo.effects.indexOf(closing));
      const outstanding = incident.followUps.filter(
        (id) => (before.findLast((effect) => effect.id === id)?.to ?? 'outstanding') === 'outstanding',
      );
      if (outstanding.length > 0) found.wrong.push(`${name}: ${outstanding.join(', ')} was outstanding`);
    }
  }
  tally(story, found);
  expect({ lost: found.lost, wrong: found.wrong }, story).toEqual({ lost: [], wrong: [] });
}

/** The closings of an incident that took effect. */
export function closings({ incidentIo }: ProcessWorld, { id }: TestIncident) {
  return incidentIo.effects.filter((effect) => effect.id === id && effect.toCategory === 'closed');
}

/** Waits until patience ends, and answers even so: what is missing then is lost. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!condition() && Date.now() < end) await sleep(50);
}
