import { describe, expect, it } from 'vitest';
import { judge } from '../../src/backtest/judge.ts';
import type { Past } from '../../src/backtest/past.ts';
import type { ReplayOptions } from '../../src/backtest/replay.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { followUp, incident, minutes, rule, statuses, T0, update } from '../support/make.ts';

const HOUR = minutes(60);
const SEVERE = { id: '01CRITICAL', name: 'Critical' };
const MINOR = { id: '01MINOR', name: 'Minor' };

function options(...rules: Partial<Rule>[]): ReplayOptions {
  return {
    policy: { activeIncidents: 'leave', rules: [...rules.map((one) => rule(one)), rule()] },
    statuses: Object.values(statuses),
    key: { name: 'incident-closer', roles: ['viewer'] },
    syncFollowUps: true,
    to: T0 + 100 * HOUR,
    taskKeyOf: () => undefined,
  };
}

/** Declared at T0, resolved an hour later, its only follow-up done after two. */
function past(over: Partial<Past> = {}): Past {
  return {
    incident: incident({ createdAt: T0 }),
    updates: [
      update({ createdAt: T0, status: statuses.live }),
      update({ createdAt: T0 + HOUR, status: statuses.learning }),
    ],
    followUps: [followUp({ status: 'completed', completedAt: T0 + 2 * HOUR, updatedAt: T0 + 2 * HOUR })],
    ...{ tasks: new Map(), unread: new Map() },
    ...over,
  };
}

describe('what an incident shows today and not since when', () => {
  const closed = { known: true, played: { edit: { verdict: 'close', at: T0 + 2 * HOUR + minutes(1) } } };

  it('is doubted where a rule waits for it: who has its roles', async () => {
    const roles = [{ id: '01LEAD', name: 'Lead', isFilled: true }];
    const led = past({ incident: incident({ createdAt: T0, roles }) });
    expect(await judge(led, options({ requiredRoles: ['Lead'] }))).toEqual({
      known: false,
      doubts: ['roles'],
    });
    expect(await judge(led, options())).toMatchObject(closed);
  });

  it('is no part of business hours, whose timers are followed', async () => {
    const from = 12 * 60 + 4 * 60;
    const businessHours = { timeZone: 'UTC', days: [0], hours: [{ from, to: from + 60 }] };
    expect(await judge(past(), options({ businessHours }))).toMatchObject({
      known: true,
      played: { edit: { verdict: 'close', at: T0 + 4 * HOUR } },
    });
  });

  it('is doubted where a rule waits for it: its post-mortem, and its debrief', async () => {
    const written = past({ incident: incident({ createdAt: T0, hasPostmortem: true }) });
    expect(await judge(written, options({ requirePostmortem: true }))).toEqual({
      known: false,
      doubts: ['postmortem'],
    });
    expect(await judge(written, options())).toMatchObject(closed);
    const debriefs = [{ startAt: T0 + 9 * HOUR, endAt: T0 + 10 * HOUR }];
    const talked = past({ incident: incident({ createdAt: T0, debriefs }) });
    expect(await judge(talked, options({ waitForDebriefs: true }))).toMatchObject({
      ...{ known: false, doubts: ['debrief'] },
      between: { from: T0 + 2 * HOUR + minutes(1), to: T0 + 10 * HOUR + minutes(1) },
    });
    expect(await judge(talked, options())).toMatchObject(closed);
  });

  it('is known of its severity, which its history tells', async () => {
    const people = {
      name: 'severe ones are closed by people',
      when: { severity: ['Critical'] },
      close: false,
    };
    const updates = past().updates.map((one) => ({ ...one, severity: SEVERE }));
    const back = update({ createdAt: T0 + 50 * HOUR, status: statuses.learning, severity: MINOR });
    const lowered = past({
      incident: incident({ createdAt: T0, severity: MINOR }),
      updates: [...updates, back],
    });
    expect(await judge(lowered, options(people))).toMatchObject({
      ...{ known: true, played: { edit: { at: T0 + 50 * HOUR + minutes(1) } } },
    });
  });
});

it('with many follow-ups of which little is known, an incident is judged in moments', async () => {
  const rows = Array.from({ length: 12 }, (_, n) =>
    followUp({ id: `01FOLLOWUP${n}`, createdAt: T0, updatedAt: T0 + (10 + n) * HOUR, status: 'not_doing' }),
  );
  const many = past({ followUps: rows });
  expect(await judge(many, options())).toMatchObject({ known: false, doubts: ['not-doing'] });
  // One that is done after all of them decides.
  const last = followUp({
    id: '01LAST',
    status: 'completed',
    completedAt: T0 + 60 * HOUR,
    updatedAt: T0 + 60 * HOUR,
  });
  expect(await judge(past({ followUps: [...rows, last] }), options())).toMatchObject({
    ...{ known: true, played: { edit: { at: T0 + 60 * HOUR + minutes(1) } } },
  });
});
