import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/review/fingerprint.ts';
import { followUp, incident, minutes, T0 } from '../support/make.ts';

describe('how an incident looks to a sweep', () => {
  const looks = (completedAt: number, updatedAt = completedAt) =>
    fingerprintOf({
      incident: incident(),
      followUps: [{ followUp: followUp({ status: 'completed', completedAt, updatedAt }) }],
    });

  it('changes when a follow-up was set back and completed anew, since that may be what an incident waits for', () => {
    expect(looks(T0)).not.toBe(looks(T0 + minutes(5)));
  });

  it('stays when nothing but the title of a follow-up was edited', () => {
    expect(looks(T0)).toBe(looks(T0, T0 + minutes(5)));
  });
});
