import type { Context } from '../context/context.ts';
import { decidedBy } from '../context/decided-by.ts';
import { hasRules, policyInWords } from '../policy/read-policy.ts';
import { noteInForce } from '../store/in-force.ts';

/**
 * Sees to it that the store knows by what this worker decides, so that a sweep looks again at what was decided otherwise.
 * Asked again and again: a note that fails is made by the next.
 */
export class NotedPolicy {
  readonly #context: Pick<Context, 'settings' | 'policy' | 'store' | 'clock' | 'log'>;
  #seen: Context['policy'] | undefined;
  #noted: string | undefined;

  constructor(context: Pick<Context, 'settings' | 'policy' | 'store' | 'clock' | 'log'>) {
    this.#context = context;
  }

  /** The store lost what was noted. */
  forget(): void {
    [this.#seen, this.#noted] = [undefined, undefined];
  }

  async note(): Promise<void> {
    const { settings, policy, store, clock, log } = this.#context;
    if (policy === this.#seen) return;
    const digest = decidedBy(settings, policy);
    const known = hasRules(policy) ? { policy: policyInWords(policy) } : {};
    const changed = this.#noted !== undefined && this.#noted !== digest;
    const isOther = await noteInForce({ dryRun: settings.dryRun, digest, ...known }, store, clock.now(), {
      changed,
    });
    // A change while it runs has been told with what is other.
    if (isOther && !changed)
      log.info(
        'Settings or policy are other than those by which workers decided before this start: every incident whose verdict rested on them is looked at again.',
      );
    [this.#seen, this.#noted] = [policy, digest];
  }
}
