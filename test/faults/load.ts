/** Incidents, what becomes of their tasks, and whether each was closed as it should have been. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import type { ProcessWorld } from '../processes/world.ts';
import { type IssueWebhook, sendGithub } from '../support/github.ts';
import { PATIENCE } from '../support/patience.ts';
import type { TestIncident } from '../support/world.ts';
import { between, type Chance, shuffled } from './chance.ts';
import { sumOf } from './scrape.ts';
import { type Found, tally } from './tally.ts';

/** An incident of a story. It is due once all its issues are closed; one that never is has an issue that stays open. */
export interface Planned extends TestIncident {
  issues: string[];
  open: string[];
  /** When the last closing of an issue began to be sent, ms. */
  dueSince?: number;
  /** An issue that was opened again: from when to when that was known here, ms. */
  reopened?: { issue: string; from: number; until?: number };
}

/** Every fourth of `n` incidents keeps an issue that nobody closes. Make them before the start. */
export function plan(world: ProcessWorld, story: string, n: number, chance: Chance): Planned[] {
  return Array.from({ length: n }, (_, at) => {
    const issues = Array.from({ length: between(chance, 1, 3) }, (_, no) => `${story}/repo-${at}#${no + 1}`);
    const open = at % 4 === 3 ? [`${story}/repo-${at}#99`] : [];
    return { ...world.incident([...issues, ...open]), issues, open };
  });
}

export interface Load {
  /** How many senders there are, and how long each rests after a delivery, ms. */
  atOnce?: number;
  pause?: number;
  /** Has some issues opened again. Only where a worker comes while this is under way: it waits for what that writes. */
  reopenIn?: ProcessWorld;
  /** Kills and the like. One comes after the other, each while a delivery is being sent; `left` are still to be taken. */
  trouble?: { times: number; make(left: () => number): Promise<void> };
}

/**
 * Sends what closes the issues, as trackers do: each delivery until it is answered 202, to an address that may change
 * meanwhile, in any order and some twice. Answers when the last was taken and all trouble is over.
 */
export async function deliver(
  planned: readonly Planned[],
  to: () => string,
  chance: Chance,
  { atOnce = 4, pause = 0, reopenIn, trouble }: Load = {},
): Promise<void> {
  const again = reopenIn === undefined ? [] : toBeReopened(planned, chance);
  const left = shuffled(
    planned
      .filter((incident) => !again.includes(incident))
      .flatMap((incident) => incident.issues.map((issue) => ({ incident, issue }))),
    chance,
  );
  const twice = new Set(left.filter(() => chance() < 0.2).map(({ issue }) => issue));
  const sent = new Map<string, number>();
  const close = async (incident: Planned, issue: string): Promise<void> => {
    const done = (sent.get(incident.id) ?? 0) + 1;
    sent.set(incident.id, done);
    if (done === incident.issues.length && incident.open.length === 0) incident.dueSince = Date.now();
    const webhook = { issue, action: 'closed', at: Date.now(), delivery: randomUUID() } as const;
    await untilAccepted(to, webhook);
    if (twice.has(issue)) await untilAccepted(to, webhook);
  };

  const all = left.length;
  let taken = 0;
  // Not with the last ones, so that others are on their way whatever a piece of trouble takes to begin.
  const early = Array.from({ length: Math.floor(all * 0.75) }, (_, n) => n);
  const moments = new Set(shuffled(early, chance).slice(0, trouble?.times ?? 0));
  let lastTrouble = Promise.resolve();
  let begins = lastTrouble;
  const lane = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (trouble !== undefined && moments.has(all - 1 - left.length)) {
        const before = lastTrouble;
        lastTrouble = before.then(() => trouble.make(() => all - taken));
        // Whoever waits for it hears of its failure.
        lastTrouble.catch(() => {});
        begins = before;
      }
      // No sender goes on past the next trouble's moment: what comes after it would be taken before it.
      await begins;
      await close(next.incident, next.issue);
      taken += 1;
      await sleep(pause);
    }
  };
  const reopen = async (incident: Planned, forGood: boolean): Promise<void> => {
    if (reopenIn === undefined) return;
    const { issue } = await openAgain(incident, to, reopenIn);
    const others = incident.issues.filter((other) => other !== issue);
    if (forGood) [incident.issues, incident.open] = [others, [issue]];
    // Only now, so that the incident is ready at no time before its issue is known to be open again.
    for (const other of others) await close(incident, other);
  };
  await Promise.all([
    ...Array.from({ length: atOnce }, lane),
    ...again.map((incident, n) => reopen(incident, n % 2 === 0)),
  ]);
  await lastTrouble;
  // The others are closed again once all is taken, and what was opened for good cannot be late any more.
  for (const incident of again.filter(({ open }) => open.length === 0)) {
    if (incident.reopened === undefined) continue;
    incident.reopened.until = Date.now();
    await close(incident, incident.reopened.issue);
  }
}

/** A third of those that are due and have another issue to wait for; two at least, where there are so many. */
function toBeReopened(planned: readonly Planned[], chance: Chance): Planned[] {
  const able = planned.filter(({ issues, open }) => issues.length > 1 && open.length === 0);
  return shuffled(able, chance).slice(0, Math.max(2, Math.floor(able.length / 3)));
}

/** Closes the last issue of an incident, then opens it again; answers once its follow-up shows that this is known. */
async function openAgain(incident: Planned, to: () => string, { incidentIo }: ProcessWorld) {
  const issue = incident.issues.at(-1);
  const followUp = incident.followUps[incident.issues.length - 1];
  if (issue === undefined || followUp === undefined) throw new RangeError('it has no issue to open again');
  const shows = (status: string) => incidentIo.effects.findLast(({ id }) => id === followUp)?.to === status;
  // Trackers tell whole seconds, and in a tie what blocks counts.
  const first = { issue, action: 'closed', at: Date.now() - 4_000, delivery: randomUUID() } as const;
  await untilAccepted(to, first);
  await known('completed');
  await untilAccepted(to, { issue, action: 'reopened', at: Date.now() - 2_000 });
  await known('outstanding');
  incident.reopened = { issue, from: Date.now() };
  // A late copy of what is over.
  await untilAccepted(to, first);
  return incident.reopened;

  async function known(status: string): Promise<void> {
    // After an outage the next try may be half a minute off.
    if (!(await until(() => shows(status), 2 * PATIENCE)))
      throw new Error(`the follow-up of ${issue} did not become ${status}`);
  }
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
  await untilWorkedOff(() => due.every((incident) => closings(world, incident).length > 0), to);
  last.dueSince = Date.now();
  for (const issue of last.issues) await untilAccepted(to, { issue, action: 'closed' });
  await untilWorkedOff(() => closings(world, last).length > 0, to);

  const found: Found = { times, incidents: planned.length + 1, lost: [], wrong: [] };
  for (const incident of [...planned, last]) {
    const closed = closings(world, incident);
    const name = `${incident.reference} (${incident.issues.join(', ')})`;
    if (incident.dueSince !== undefined && closed.length === 0) {
      const { stdout, stderr } = await world.run(['check', incident.reference]);
      found.lost.push(`${name}: ${stdout}${stderr}`);
    }
    const early = closed.some(({ at }) => at < (incident.dueSince ?? Number.POSITIVE_INFINITY));
    if (closed.length > 1 || early) found.wrong.push(name);
    for (const closing of closed) {
      const before = world.incidentIo.effects.slice(0, world.incidentIo.effects.indexOf(closing));
      const outstanding = incident.followUps.filter(
        (id) => (before.findLast((effect) => effect.id === id)?.to ?? 'outstanding') === 'outstanding',
      );
      if (outstanding.length > 0) found.wrong.push(`${name}: ${outstanding.join(', ')} was outstanding`);
      const { issue, from, until = Number.POSITIVE_INFINITY } = incident.reopened ?? NEVER;
      if (from <= closing.at && closing.at < until) found.wrong.push(`${name}: ${issue} was open again`);
    }
  }
  tally(story, found);
  expect({ lost: found.lost, wrong: found.wrong }, story).toEqual({ lost: [], wrong: [] });
}

/** The closings of an incident that took effect. */
export function closings({ incidentIo }: ProcessWorld, { id }: TestIncident) {
  return incidentIo.effects.filter((effect) => effect.id === id && effect.toCategory === 'closed');
}

const NEVER: NonNullable<Planned['reopened']> = { issue: '', from: Number.POSITIVE_INFINITY };

/** As `until`, and patience begins anew whenever fewer events are left to work on: a busy machine is slow, not wrong. */
async function untilWorkedOff(condition: () => boolean, to: () => string): Promise<void> {
  const eventsLeft = () => sumOf(to(), 'queue_jobs', 'queue="events"').catch(() => Number.POSITIVE_INFINITY);
  for (let least = await eventsLeft(); !(await until(condition)); ) {
    const left = await eventsLeft();
    if (left >= least) return;
    least = left;
  }
}

/** Waits until patience ends, and answers even so, whether it has come: what is missing then is lost. */
async function until(condition: () => boolean, patience = PATIENCE): Promise<boolean> {
  const end = Date.now() + patience;
  while (!condition() && Date.now() < end) await sleep(50);
  return condition();
}
