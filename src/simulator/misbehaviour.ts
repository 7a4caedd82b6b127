import type { RouteName } from './call.ts';
import { seeded } from './chance.ts';

/** What goes wrong. */
export type Fault =
  /** The request (`when: 'before'`) or its answer (`after`) takes longer. */
  | { kind: 'delay'; ms: number }
  /** No answer, ever. */
  | { kind: 'hang' }
  /** The connection is reset. */
  | { kind: 'reset' }
  /** Half of the answer, then the connection is gone. Has always taken effect. */
  | { kind: 'cut' }
  /** incident.io's error body. A 429 says when to retry, in seconds or as a date; the clock is the stand-in's. */
  | { kind: 'status'; status: number; retryAfterSeconds?: number; retryAfterAs?: 'seconds' | 'date' }
  /** A page for people, as proxies answer. `status` is 200 where it is not given. */
  | { kind: 'html'; status?: number }
  /** 200 with half of the answer's JSON. Has always taken effect. */
  | { kind: 'truncated' }
  /** 200 with JSON of another shape. */
  | { kind: 'garbage' }
  /** What incident.io answers on a path that it does not have. */
  | { kind: 'empty-404' };

export interface Misbehaviour {
  fault: Fault;
  /** All of the API where none is given. */
  route?: RouteName;
  /** `after`: once what was asked for has taken effect. Before where not given. */
  when?: 'before' | 'after';
  /** So many matching calls are left in peace first. */
  skip?: number;
  /** For the next n calls; where not given 1, or without end with a `chance`. */
  times?: number;
  /** The share of calls that it happens to, 0 to 1, drawn from the stand-in's seed. */
  chance?: number;
}

/** What one call has to suffer. */
export interface Suffering {
  delayBeforeMs: number;
  delayAfterMs: number;
  before?: Fault;
  after?: Fault;
}

interface Rule extends Misbehaviour {
  skipsLeft: number;
  timesLeft: number;
}

/** Faults that are made of the real answer, which therefore has to be there first. */
const NEEDS_ANSWER: readonly Fault['kind'][] = ['cut', 'truncated'];

/** The rules in force. Delays add up; of other faults a call gets the first that applies. */
export class Misbehaviours {
  #rules: Rule[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Adds a rule. Call what is answered to end it early. */
  add(misbehaviour: Misbehaviour): () => void {
    const forever = misbehaviour.chance === undefined ? 1 : Number.POSITIVE_INFINITY;
    const rule: Rule = {
      ...misbehaviour,
      skipsLeft: misbehaviour.skip ?? 0,
      timesLeft: misbehaviour.times ?? forever,
    };
    this.#rules.push(rule);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== rule);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** What happens to a call of this route; uses up the rules that it takes. */
  meet(route: RouteName | undefined): Suffering {
    const suffering: Suffering = { delayBeforeMs: 0, delayAfterMs: 0 };
    for (const rule of this.#rules) {
      if (rule.route !== undefined && rule.route !== route) continue;
      const { fault } = rule;
      const when = NEEDS_ANSWER.includes(fault.kind) ? 'after' : (rule.when ?? 'before');
      const taken = suffering.before !== undefined || suffering.after !== undefined;
      if (fault.kind !== 'delay' && taken) continue;
      if (!this.#strikes(rule)) continue;
      if (fault.kind !== 'delay') suffering[when] = fault;
      else if (when === 'before') suffering.delayBeforeMs += fault.ms;
      else suffering.delayAfterMs += fault.ms;
    }
    this.#rules = this.#rules.filter((rule) => rule.timesLeft > 0);
    return suffering;
  }

  #strikes(rule: Rule): boolean {
    if (rule.skipsLeft > 0) {
      rule.skipsLeft -= 1;
      return false;
    }
    if (rule.timesLeft <= 0) return false;
    if (rule.chance !== undefined && this.#random() >= rule.chance) return false;
    rule.timesLeft -= 1;
    return true;
  }
}
