import type { Reads } from './scheduler.ts';
import type { Stage } from './stage.ts';
import type { SimIncident } from './things.ts';

/** What reviews may cost: none is made twice for one reason, none goes round in circles, each makes few calls. */

/** Reviews of one incident within `SPAN` ms, beside two for each webhook that came in it. */
const MOST = 20;
const SPAN = 10_000;

export class Budget {
  private readonly stage: Stage;
  /** When reviews began and webhooks arrived, ms. */
  private readonly begun = new Map<string, number[]>();
  private readonly arrived: number[] = [];
  /** By incident, the deliveries for which it was looked at. */
  private readonly reasons = new Map<string, Set<string>>();

  constructor(stage: Stage) {
    this.stage = stage;
    const { queues, store } = stage;
    queues.onReview = (incident) => this.reviewed(incident);
    store.onOutcome = (incident, wokenBy, words, reads) => this.ended(incident, wokenBy, words, reads);
  }

  /** A webhook arrived. */
  arrives(): void {
    this.arrived.push(this.stage.world.now);
  }

  private reviewed(incident: string): void {
    const { world, verdicts } = this.stage;
    const recent = (times: readonly number[]) => times.filter((at) => at > world.now - SPAN);
    const begun = [...recent(this.begun.get(incident) ?? []), world.now];
    this.begun.set(incident, begun);
    if (begun.length > MOST + 2 * recent(this.arrived).length)
      verdicts.broken('budget: reviews', `${begun.length} reviews of ${incident} within ${SPAN} ms`);
  }

  private ended(incident: SimIncident, wokenBy: string, words: string, { calls, firstList }: Reads): void {
    const { verdicts, settings, world } = this.stage;
    if (settings.troubles) return;
    const [delivery] = /\([dw]\d+\)/.exec(wokenBy) ?? [];
    const known = this.reasons.get(incident.id) ?? new Set();
    this.reasons.set(incident.id, known);
    if (delivery !== undefined && known.has(delivery))
      verdicts.broken('budget: twice', `${incident.reference} is reviewed a second time for ${delivery}`);
    if (delivery !== undefined) known.add(delivery);
    const followUps = world.followUpsOf(incident);
    const pages = Math.max(1, Math.ceil(followUps.length / PAGE));
    // What changes while it looks may be seen late. A tracker that is asked may say what came under a name that nobody knew.
    const toldSince =
      settings.readsTasks ||
      followUps.some(({ changed }) => changed.step > firstList) ||
      world.tasks.some(({ events }) => events.some(({ recordedAt = -1 }) => recordedAt > firstList));
    const reads = calls.filter((what) => !/^(edit|set follow-up)/.test(what));
    const hasWritten = reads.length < calls.length;
    // What people call it is read once; the rest is asked for only where no follow-up blocks. Where it is first seen
    // moved back, its follow-ups are read anew.
    const history = calls.findIndex((what) => what.startsWith('updates of'));
    const isReadAnew = history >= 0 && calls.slice(history).some((what) => what.startsWith('follow-ups of'));
    const lists = hasWritten ? 3 : isReadAnew ? 2 : 1;
    const isBlocked = words.startsWith('waits for') && !toldSince && !hasWritten && !isReadAnew;
    const most = lists * pages + (isBlocked ? 1 : 6);
    if (reads.length > most)
      verdicts.broken(
        'budget: calls',
        `a review of ${incident.reference} (${words}) made ${calls.length} calls: ${calls.join(', ')}`,
      );
  }
}

/** Follow-ups on one page. */
const PAGE = 2;
