import type { Logger } from 'pino';
import { type Clock, isOver } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { ForbiddenError, KeyRejectedError } from '../incident-io/errors.ts';
import { CLOSING_ROLE } from '../review/decide.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { storeKeyReport } from '../store/notices/key-report.ts';
import { noteSources } from '../store/observed-since.ts';
import type { Store } from '../store/store.ts';
import type { Identity } from '../vocabulary.ts';
import { gapsOf, PRIVATE_ROLE } from './key-roles.ts';

/** The interval between probes of a key that does not work, ms. */
const PROBE_EVERY = 10_000;
const FIRST_PROBES = 1_000;

const RECENT = 60_000;

/** The roles for which everything that was refused has been woken. */
const KEY_ROLES = 'key-roles';

export type KeyState =
  | { is: 'unknown'; words: string }
  | { is: 'good'; name: string; roles: readonly string[] }
  | { is: 'bad'; words: string };

/** The key belongs to another organisation than the data in this store. */
export class WrongOrganisationError extends Error {
  override readonly name = 'WrongOrganisationError';
}

/** Claims the store for the key's organisation. Throws if it belongs to another one already. */
export async function claimStore(identity: Identity, store: Store): Promise<void> {
  refuseOther(identity, await store.claimOrganisation(organisationOf(identity)));
}

/** Throws if the store belongs to another organisation than the key. Claims nothing: only services do. */
export async function checkOrganisation(identity: Identity, store: Store): Promise<void> {
  const known = await store.organisation();
  if (known !== undefined) refuseOther(identity, known);
}

function organisationOf({ dashboardUrl }: Identity): string {
  return new URL(dashboardUrl).href;
}

function refuseOther(identity: Identity, remembered: string): void {
  const organisation = organisationOf(identity);
  if (remembered !== organisation)
    throw new WrongOrganisationError(
      `The API key belongs to ${organisation}, but this store is that of ${remembered}. Give each organisation a QUEUE_URL or QUEUE_PREFIX of its own.`,
    );
}

/**
 * Whether the API key works. While it does not, the worker takes no jobs, so none of them fails; the key is probed
 * until a person has fixed it.
 */
export class KeyWatch {
  private readonly api: Pick<IncidentIoReader, 'identity'>;
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly wait: Sleep;
  readonly dryRun: boolean;
  private probing?: Promise<void>;
  private checkedAt = -Infinity;
  private telling?: Promise<void> | undefined;
  /** Writes of the key's state to the store, in sequence: the last one has to win. */
  private storing: Promise<void> = Promise.resolve();
  state: KeyState = { is: 'unknown', words: 'the API key has not been checked yet' };
  /** Called whenever the key starts or stops working. */
  onChange: (works: boolean) => Promise<void> = async () => {};
  /** Called when the roles of a working key changed. If it fails, it is called again after the next check. */
  onRoles: () => Promise<void> = async () => {};

  constructor(deps: {
    api: Pick<IncidentIoReader, 'identity'>;
    store: Store;
    clock: Clock;
    log: Logger;
    wait?: Sleep;
    /** Whether it is enough that the key may read. */
    dryRun?: boolean;
  }) {
    this.api = deps.api;
    this.store = deps.store;
    this.clock = deps.clock;
    this.log = deps.log;
    this.wait = deps.wait ?? sleep;
    this.dryRun = deps.dryRun ?? false;
  }

  isBad(): boolean {
    return this.state.is === 'bad';
  }

  /** Reads whose key it is and what it may do. Throws if that could not be read; a rejected key is a state. */
  async check(): Promise<KeyState> {
    const before = this.state;
    this.checkedAt = this.clock.now();
    try {
      const identity = await this.api.identity();
      await claimStore(identity, this.store);
      const seesPrivate = identity.roles.includes(PRIVATE_ROLE);
      await noteSources('role', seesPrivate ? [PRIVATE_ROLE] : [], this.store, this.clock.now());
      await this.become(this.judge(identity.name, identity.roles));
      if (this.state.is === 'good') await this.noteRoles(identity.roles, before);
    } catch (error) {
      if (!(error instanceof KeyRejectedError)) throw error;
      await this.become({ is: 'bad', words: error.message });
    }
    return this.state;
  }

  /** Whether it works but lacks a role, which a person may add at any time. */
  isPartial(): boolean {
    return this.state.is === 'good' && this.lacks(this.state).size > 0;
  }

  /** Whether it was checked so recently that its roles are hardly others now. */
  isRecent(): boolean {
    return !isOver(this.checkedAt, RECENT, this.clock.now());
  }

  /** Checks again after a refusal; a key that does not work is probed until it does. Returns whether it works. */
  async stillWorks(signal: AbortSignal): Promise<boolean> {
    const works = (await this.check()).is === 'good';
    if (!works) this.probe(signal);
    return works;
  }

  /** Like `stillWorks`, after a missing role prevented a closing: returns the key's identity if it has the role now. */
  async mayClose(signal: AbortSignal): Promise<(KeyState & { is: 'good' }) | undefined> {
    await this.stillWorks(signal);
    const { state } = this;
    return state.is === 'good' && state.roles.includes(CLOSING_ROLE) ? state : undefined;
  }

  /** Called by whoever saw the key refused: stops the work, and probes until the key works again. */
  async rejected(error: Error, signal: AbortSignal): Promise<void> {
    await this.become({ is: 'bad', words: error.message });
    this.probe(signal);
  }

  /**
   * Takes from the failure of a call what it says about the key. Never throws: whoever has this failure deals with it, and
   * what could not be found out is found out by the next one.
   */
  async noteFailure(error: unknown, signal: AbortSignal): Promise<void> {
    try {
      if (error instanceof KeyRejectedError) await this.rejected(error, signal);
      // A scope missing for one call may be missing for all: the roles show it.
      if (error instanceof ForbiddenError) await this.stillWorks(signal);
    } catch (reason) {
      await this.notChecked(reason);
      this.probe(signal);
    }
  }

  /** Never throws. */
  private async notChecked(err: unknown): Promise<void> {
    this.log.warn({ err }, 'the API key could not be checked');
    if (!(err instanceof WrongOrganisationError)) return;
    try {
      await this.become({ is: 'bad', words: err.message });
    } catch (reason) {
      this.log.warn({ err: reason }, 'the work could not be stopped, although the API key is bad');
    }
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
        if (this.state.is === 'unknown') this.state = { is: 'unknown', words: messageOf(error) };
        await this.notChecked(error);
      }
    }
  }

  private async become(state: KeyState): Promise<void> {
    const before = this.state;
    this.state = state;
    if (state.is === 'good') {
      if (before.is !== 'good') this.log.info({ key: state.name, roles: state.roles }, 'the API key works');
      const lackedBefore = before.is === 'good' ? this.lacks(before) : undefined;
      for (const [role, words] of this.lacks(state)) if (!lackedBefore?.has(role)) this.log.warn(words);
    } else if (before.is !== state.is)
      this.log.error(`${state.words}. No incident is reviewed until this is fixed.`);
    this.storing = this.storing.then(() => this.storeReport());
    await this.storing;
    // Another check may have found out more meanwhile: the last one stores what is known now.
    if ((before.is === 'good') !== (state.is === 'good')) await this.onChange(this.state.is === 'good');
  }

  /**
   * Each process tells once it knows of other roles itself, and also of a change that came while none ran. Goes on in
   * the background.
   */
  private async noteRoles(roles: readonly string[], before: KeyState): Promise<void> {
    const now = textOf(roles);
    const known = await this.store.meta.get(KEY_ROLES);
    if (known === undefined) return this.store.meta.put(KEY_ROLES, now);
    if (known === now && (before.is !== 'good' || textOf(before.roles) === now)) return;
    this.telling ??= this.onRoles()
      .then(() => this.store.meta.put(KEY_ROLES, now))
      .catch((err: unknown) => this.log.warn({ err }, 'what was refused could not be tried again yet'))
      .finally(() => {
        this.telling = undefined;
      });
  }

  private judge(name: string, roles: readonly string[]): KeyState {
    const { useless } = gapsOf(name, roles, this);
    return useless === undefined ? { is: 'good', name, roles } : { is: 'bad', words: useless };
  }

  /** What a working key cannot do. */
  private lacks({ name, roles }: { name: string; roles: readonly string[] }): ReadonlyMap<string, string> {
    return gapsOf(name, roles, this).lacks;
  }

  /** Only for people to read, so a store that does not accept it stops nothing. */
  private async storeReport(): Promise<void> {
    const { state } = this;
    const works = state.is === 'good';
    const words = works ? `“${state.name}” works` : state.words;
    try {
      const key = state.is === 'good' ? { name: state.name, roles: [...state.roles] } : undefined;
      const gaps =
        state.is === 'good' ? [...this.lacks(state)].map(([role, words]) => ({ role, words })) : [];
      await storeKeyReport({ works, words, at: this.clock.now(), key, gaps }, this.store);
    } catch (err) {
      this.log.warn({ err }, 'could not store whether the API key works');
    }
  }
}

function textOf(roles: readonly string[]): string {
  return [...roles].sort().join(' ');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
