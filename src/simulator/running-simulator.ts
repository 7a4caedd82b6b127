import type { RouteName } from './call.ts';
import type { LoggedRequest } from './log.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import type { People } from './people.ts';
import type { ApiKey, Effect, KeyRole } from './types.ts';
import type { Switches } from './world.ts';

/** A running stand-in of incident.io. What people do in the app are methods too (see `People`). */
export interface Simulator extends People {
  /** `http://127.0.0.1:40123`; the base URL of the API. */
  readonly url: string;
  readonly key: ApiKey;
  readonly token: string;
  readonly switches: Switches;
  /** All requests to the API so far; those of the control routes are not among them. */
  readonly requests: readonly LoggedRequest[];
  /** All changes of a status that took effect, by whomever. */
  readonly effects: readonly Effect[];
  /** How many requests a route got, whatever came of them. */
  calls(route: RouteName): number;
  /** Adds a misbehaviour; call what is answered to end it early. */
  misbehave(rule: Misbehaviour): () => void;
  /** Ends all misbehaviours. */
  behave(): void;
  addKey(key: { name: string; token?: string; roles?: KeyRole[] }): ApiKey;
  /** From now on the key's token is refused. */
  revokeKey(name: string): void;
  setRoles(name: string, roles: KeyRole[]): void;
  /** No incident may enter the status (id, name or category: all of it) any more: 422 with these words. */
  refuse(status: string, message?: string): void;
  /** Ends all refusals. */
  accept(): void;
  /** Stops at once, cutting what is under way. Throws what `onExchange` threw. */
  close(): Promise<void>;
}
