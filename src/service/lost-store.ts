import { onTick } from '../aligned-timer.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Backend } from '../queue/backend.ts';
import { describeLostStore, type LostStore } from '../store/notices/lost-store.ts';
import { isWhole } from '../store/observed-since.ts';
import type { Store } from '../store/store.ts';

/** How often it is checked, ms; nobody empties an embedded store while its process has it. */
const CHECK_EVERY = 15_000;
const CHECK_SELDOM = 60_000;

export interface StoreWatchDeps {
  store: Store;
  clock: Clock;
  log: Pick<Logger, 'error' | 'debug'>;
  kind: Backend['kind'];
  /** Does again what a start does with a store, and answers its id. Called until it succeeds. */
  beginAgain(lost: LostStore): Promise<string>;
}

/**
 * Notices that the store was emptied, or replaced by an empty one, while this process runs: its commands would find no
 * service there, and the next sync would not know what this start noted.
 */
export class StoreWatch {
  readonly #deps: StoreWatchDeps;
  readonly #end: () => void;
  #id: string;
  #wholeAt: number;
  #checking: Promise<void> | undefined;
  #lost: LostStore | undefined;

  /** `id`: the store's, as it was at the start. */
  constructor(id: string, deps: StoreWatchDeps) {
    this.#id = id;
    this.#deps = deps;
    this.#wholeAt = deps.clock.now();
    this.#end = onTick(
      deps.kind === 'embedded' ? CHECK_SELDOM : CHECK_EVERY,
      () => void this.#checkQuietly(),
    );
  }

  /** Checks now. Throws where the store does not answer. */
  check(): Promise<void> {
    this.#checking ??= this.#checkOnce().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  close(): void {
    this.#end();
  }

  async #checkQuietly(): Promise<void> {
    try {
      await this.check();
    } catch (err) {
      this.#deps.log.debug(
        { err },
        'whether the store is still whole could not be read; it is checked again',
      );
    }
  }

  async #checkOnce(): Promise<void> {
    const { store, clock, log, beginAgain } = this.#deps;
    const now = clock.now();
    if (this.#lost === undefined) {
      if (await isWhole(store, this.#id)) {
        this.#wholeAt = now;
        return;
      }
      this.#lost = { at: now, wholeAt: this.#wholeAt };
      log.error(`${describeLostStore(this.#lost)}.`);
    }
    this.#id = await beginAgain(this.#lost);
    this.#wholeAt = clock.now();
    this.#lost = undefined;
  }
}
