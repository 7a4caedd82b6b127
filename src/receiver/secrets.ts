import { isOneOf } from '../trackers/secrets.ts';
import type { Delivery, Source } from '../trackers/tracker.ts';
import { within } from './within.ts';

/** Where secrets that senders offer are kept. Throws where the store does not answer. */
export interface OfferedSecrets {
  of(source: string): Promise<readonly string[]>;
  /** `known`: it was kept before; `refused`: another one was. Resolves once it is kept. */
  offer(source: string, secret: string): Promise<'kept' | 'known' | 'refused'>;
}

/** The store did not answer, so nobody can tell whether a delivery is signed. */
export class SecretsUnknownError extends Error {
  override readonly name = 'SecretsUnknownError';
}

export interface SecretsOptions {
  /** From the settings. */
  given: readonly string[];
  /** Absent where the settings ask for no handshake. */
  offered?: OfferedSecrets;
  /** How long (ms) the store may take. */
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

  /** Whether one of them signed the delivery. Throws where that cannot be told, because the store does not answer: `SecretsUnknownError`. */
  async signed(delivery: Delivery): Promise<boolean> {
    const { given, offered } = this.#options;
    if (await this.#source.verify(delivery, given)) return true;
    if (offered === undefined) return false;
    return this.#source.verify(delivery, await this.#soon(offered.of(this.#source.name)));
  }

  /** What becomes of a secret that the source offers. Throws `SecretsUnknownError` where it could not be kept. */
  async offer(secret: string): Promise<'kept' | 'known' | 'refused'> {
    const { given, offered } = this.#options;
    if (isOneOf(secret, given)) return 'known';
    return offered === undefined ? 'refused' : this.#soon(offered.offer(this.#source.name, secret));
  }

  async #soon<T>(answer: Promise<T>): Promise<T> {
    const { deadline } = this.#options;
    const late = (): Error => new Error(`the store did not answer within ${deadline} ms`);
    try {
      return await within(answer, deadline, late);
    } catch (cause) {
      throw new SecretsUnknownError('the secrets that are kept in the store cannot be told now', { cause });
    }
  }
}
