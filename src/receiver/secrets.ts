import { withDeadline } from '../deadline.ts';
import { isOneOf } from '../trackers/secrets.ts';
import type { Delivery, Source } from '../trackers/tracker.ts';

/** Where secrets offered by senders are kept. Throws if the store does not answer. */
export interface OfferedSecrets {
  of(source: string): Promise<readonly string[]>;
  /** `known`: it was kept before; `refused`: another one was. Resolves once it is kept. */
  offer(source: string, secret: string): Promise<'kept' | 'known' | 'refused'>;
}

/** The store did not answer, so whether a delivery is signed is unknown. */
export class SecretsUnknownError extends Error {
  override readonly name = 'SecretsUnknownError';
}

export interface SecretsOptions {
  /** From the settings. */
  given: readonly string[];
  /** Absent if no handshake is configured. */
  offered?: OfferedSecrets;
  /** The timeout (ms) of the store. */
  deadline: number;
}

/** The secrets of one source: those of the settings, and those that it offered in a handshake. */
export class SecretsOf {
  readonly #source: Source;
  readonly #options: SecretsOptions;

  constructor(source: Source, options: SecretsOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Whether one of them signed the delivery. Throws `SecretsUnknownError` if the store does not answer. */
  async signed(delivery: Delivery): Promise<boolean> {
    const { given, offered } = this.#options;
    if (await this.#source.verify(delivery, given)) return true;
    if (offered === undefined || !this.#source.handshake?.isSigned(delivery)) return false;
    return this.#source.verify(delivery, await this.#soon(offered.of(this.#source.name)));
  }

  /** Handles a secret that the source offers. Throws `SecretsUnknownError` if it could not be kept. */
  async offer(secret: string): Promise<'kept' | 'known' | 'refused'> {
    const { given, offered } = this.#options;
    if (isOneOf(secret, given)) return 'known';
    return offered === undefined ? 'refused' : this.#soon(offered.offer(this.#source.name, secret));
  }

  async #soon<T>(answer: Promise<T>): Promise<T> {
    const { deadline } = this.#options;
    const late = (): Error => new Error(`the store did not answer within ${deadline} ms`);
    try {
      return await withDeadline(answer, deadline, late);
    } catch (cause) {
      throw new SecretsUnknownError('the secrets that are kept in the store cannot be told now', { cause });
    }
  }
}
