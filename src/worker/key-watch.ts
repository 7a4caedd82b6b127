import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { KeyRejectedError } from '../incident-io/errors.ts';
import { CLOSING_ROLE } from '../review/decide.ts';
import { type Sleep, sleep } from '../sleep.ts';
import type { Store } from '../store/store.ts';
import type { Identity } from '../vocabulary.ts';
import { gapsOf } from './key-roles.ts';

/** Probes of a key that does not work keep this distance, ms. */
const PROBE_EVERY = 30_000;
const FIRST_PROBES = 1_000;

/** What the workers last found out about the key, for processes that do not ask incident.io themselves. */
export const keyWord = z.object({ works: z.boolean(), words: z.string(), at: z.number() });
export type KeyWord = z.infer<typeof keyWord>;
const KEY_WORD = 'key-word';

export async function readKeyWord(store: Store): Promise<KeyWord | undefined> {
  const text = await store.meta.get(KEY_WORD);
  return text === undefined ? undefined : keyWord.parse(JSON.parse(String(text)));
}

export type KeyState =
  | { is: 'unknown'; words: string }
  | { is: 'good'; name: string; roles: readonly string[] }
  | { is: 'bad'; words: string };

/** Another organisation's key on this store: what is remembered here is not its incidents'. */
export class WrongOrganisationError extends Error {
  override readonly name = 'WrongOrganisationError';
}

/** Makes the store that of the key's organisation. Throws where it is another's already. */
export async function claimStore(identity: Identity, store: Store): Promise<void> {
  const organisation = new URL(identity.dashboardUrl).href;
  const remembered = await store.claimOrganisation(organisation);
  if (remembered !== organisation)
    throw new WrongOrganisationError(
      `The API key belongs to ${organisation}, but this store is that of ${remembered}. Give each organisation a QUEUE_URL or QUEUE_PREFIX of its own.`,
    );
}

/**
 * Whether the API key works. While it does not, the worker takes no jobs, and none of them fails: it is probed
 * until a person has mended it.
 */
export class KeyWatch {
  private readonly api: Pick<IncidentIoReader, 'identity'>;
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly wait: Sleep;
  private probing?: Promise<void>;
  /** What is told to the store, one after the other: the last word has to stand. */
  private telling: Promise<void> = Promise.resolve();
  state: KeyState = { is: 'unknown', words: 'the API key has not been checked yet' };
  /** Called whenever the key starts or stops to work. */
  onChange: (works: boolean) => Promise<void> = async () => {};

  constructor(deps: {
    api: Pick<IncidentIoReader, 'identity'>;
    store: Store;
    clock: Clock;
    log: Logger;
    wait?: Sleep;
  }) {
    this.api = deps.api;
    this.store = deps.store;
    this.clock = deps.clock;
    this.log = deps.log;
    this.wait = deps.wait ?? sleep;
  }

  isBad(): boolean {
    return this.state.is === 'bad';
  }

  /** Reads whose key it is and what it may do. Throws where that could not be read; a rejected key is a state. */
  async check(): Promise<KeyState> {
    try {
      const identity = await this.api.identity();
      await claimStore(identity, this.store);
      await this.become(judge(identity.name, identity.roles));
    } catch (error) {
      if (!(error instanceof KeyRejectedError)) throw error;
      await this.become({ is: 'bad', words: error.message });
    }
    return this.state;
  }

  /** Whether it works and could do more with a further role, which a person may add at any time. */
  isPartial(): boolean {
    return this.state.is === 'good' && gapsOf(this.state.name, this.state.roles).lacks.size > 0;
  }

  /** Looks again, for whoever met a refusal; a key that does not work is probed until it does. Answers whether it works. */
  async stillWorks(signal: AbortSignal): Promise<boolean> {
    const works = (await this.check()).is === 'good';
    if (!works) this.probe(signal);
    return works;
  }

  /** As `stillWorks`, for whoever lacked the role to close: what is known of the key if it has it now. */
  async mayClose(signal: AbortSignal): Promise<(KeyState & { is: 'good' }) | undefined> {
    await this.stillWorks(signal);
    const { state } = this;
    return state.is === 'good' && state.roles.includes(CLOSING_ROLE) ? state : undefined;
  }

  /** Told by whoever saw the key refused: stops the work, and probes until it works again. */
  async rejected(error: Error, signal: AbortSignal): Promise<void> {
    await this.become({ is: 'bad', words: error.message });
    this.probe(signal);
  }

  /** Probes in the background until the key works. */
  probe(signal: AbortSignal): void {
    this.probing ??= this.probeUntilGood(signal).finally(() => {
      this.probing = undefined;
    });
  }

  private async probeUntilGood(signal: AbortSignal): Promise<void> {
    for (let tries = 0; !signal.aborted && this.state.is !== 'good'; tries++) {
      await this.wait(Math.min(PROBE_EVERY, FIRST_PROBES * 2 ** tries), signal);
      if (signal.aborted) return;
      try {
        await this.check();
      } catch (error) {
        if (error instanceof WrongOrganisationError) await this.become({ is: 'bad', words: error.message });
        else if (this.state.is === 'unknown') this.state = { is: 'unknown', words: messageOf(error) };
        this.log.warn({ err: error }, 'the API key could not be checked');
      }
    }
  }

  private async become(state: KeyState): Promise<void> {
    const before = this.state;
    this.state = state;
    if (state.is === 'good') {
      if (before.is !== 'good') this.log.info({ key: state.name, roles: state.roles }, 'the API key works');
      for (const words of lacks(state, before)) this.log.warn(words);
    } else if (before.is !== state.is)
      this.log.error(`${state.words}. No incident is reviewed until this is mended.`);
    this.telling = this.telling.then(() => this.tell());
    await this.telling;
    // Another check may have found out more meanwhile: whoever comes last tells what is known now.
    if ((before.is === 'good') !== (state.is === 'good')) await this.onChange(this.state.is === 'good');
  }

  /** For people alone, so a store that does not take it stops nothing. */
  private async tell(): Promise<void> {
    const { state } = this;
    const works = state.is === 'good';
    const words = works ? `“${state.name}” works` : state.words;
    try {
      await this.store.meta.put(KEY_WORD, JSON.stringify({ works, words, at: this.clock.now() }));
    } catch (err) {
      this.log.warn({ err }, 'the store could not be told whether the API key works');
    }
  }
}

function judge(name: string, roles: readonly string[]): KeyState {
  const { useless } = gapsOf(name, roles);
  return useless === undefined ? { is: 'good', name, roles } : { is: 'bad', words: useless };
}

/** What a key that works cannot do; told once. */
function lacks({ name, roles }: { name: string; roles: readonly string[] }, before: KeyState): string[] {
  const told = before.is === 'good' ? gapsOf(name, before.roles).lacks : undefined;
  return [...gapsOf(name, roles).lacks].flatMap(([role, words]) => (told?.has(role) ? [] : [words]));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
