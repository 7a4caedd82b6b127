import { hasHappened } from './edit-checks.ts';
import type { Strand } from './scheduler.ts';
import type { StorySettings } from './settings.ts';
import { endOf } from './store.ts';
import { isDone, type SimEvent, type SimFollowUp } from './things.ts';
import { isTie, type Verdicts } from './verdicts.ts';
import type { World } from './world.ts';

/** Looks at every write of a follow-up at the moment when it takes effect. */
export class WriteChecks {
  /** Follow-up and change of its task, for each write that there was. */
  private readonly writes = new Set<string>();
  private readonly world: World;
  private readonly settings: StorySettings;
  private readonly verdicts: Verdicts;

  constructor(world: World, settings: StorySettings, verdicts: Verdicts) {
    this.world = world;
    this.settings = settings;
    this.verdicts = verdicts;
  }

  /** Before a write of ours to a follow-up takes effect. S3: once for each change of its task, and never over a later word. */
  write(followUp: SimFollowUp, to: string, { reads }: Strand): void {
    const { world } = this;
    if (!this.settings.syncFollowUps)
      this.verdicts.broken('S3 off', `${followUp.id} is written although that is switched off`);
    if (followUp.status === to) return;
    if (followUp.incident.wasReady && !hasHappened(followUp.incident, world))
      this.verdicts.broken(
        'S2 backlog',
        `${followUp.incident.reference} was ready before the first start, and ${followUp.id} is written`,
      );
    const event = this.eventRead(followUp, reads);
    const change = event?.of ?? event;
    const words = `${followUp.id} is set to ${to} for ${event?.delivery ?? 'no event'}`;
    if (change === undefined) {
      if (event === undefined) this.verdicts.broken('S3 groundless', words);
      return;
    }
    if (isDone(to) && isDone(followUp.status)) {
      if (followUp.changed.step <= (reads.followUps.get(followUp.id) ?? -1))
        this.verdicts.broken('S3 done', `${words} over ${followUp.status}`, followUp.incident);
      return;
    }
    if (change.canonical) {
      world.count('a duplicate: whose word it is');
      return;
    }
    world.count('write');
    const read = reads.followUps.get(followUp.id) ?? -1;
    // A release lets a task's word count once more, and so does a lost store.
    const key = `${followUp.id} ${change.delivery} ${followUp.incident.releasedStep} ${world.storeLostStep}`;
    if (followUp.changed.step > read) world.count('change after the last read: write');
    else if (world.storeLostStep > read) world.count('store lost between read and write');
    else if (isTie(followUp, change)) world.count('too coarse to order: write');
    else if (followUp.blurred || this.isGuess(followUp, reads)) world.count('crash between write and record');
    else if (
      to === 'outstanding' ? this.isTicked(followUp, change) : this.verdicts.isSetBack(followUp, change)
    )
      this.verdicts.broken('S3', `${words} against a person's later change`, followUp.incident);
    else if (followUp.incident.releasedStep > followUp.changed.step) world.count('set back, and released');
    else if (this.writes.has(key))
      this.verdicts.broken('S3 twice', `${words} a second time`, followUp.incident);
    this.writes.add(key);
  }

  written(followUp: SimFollowUp, to: string, late: boolean, { reads }: Strand): void {
    const read = reads.followUps.get(followUp.id) ?? -1;
    if (late) this.world.count('write that took effect late');
    // Our write and somebody's change crossed, or what was written before it: nobody can tell whose the last one is.
    const crossed = followUp.changed.step > read || followUp.status === to;
    if (late || crossed || this.isGuess(followUp, reads)) followUp.blurred = true;
  }

  /** Whether a person ticked it off after a task's change, and we could know that. */
  private isTicked({ person, othersStep }: SimFollowUp, change: SimEvent): boolean {
    return (
      person?.known === true && person.step >= Math.max(othersStep, change.step) && isDone(person.status)
    );
  }

  /** The event on which a review based its write, by the record that it read. */
  private eventRead({ id }: SimFollowUp, { records, keys, places }: Strand['reads']): SimEvent | undefined {
    const key = keys.get(id);
    if (key === undefined) return undefined;
    const place = endOf(key, (at) => {
      const next = places.get(at);
      return next === undefined ? undefined : JSON.parse(next);
    });
    const text = records.get(place);
    return text === undefined ? undefined : this.world.events.get(JSON.parse(text).delivery);
  }

  private isGuess(followUp: SimFollowUp, { marks }: Strand['reads']): boolean {
    const text = marks.get(followUp.id);
    if (text === undefined) return false;
    const mark = JSON.parse(text);
    // The row was written since: by us and then by somebody else, or by somebody else alone.
    return mark.phase === 'intent' && (mark.beforeOurs || mark.before !== followUp.updatedAt);
  }
}
