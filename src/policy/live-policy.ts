import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatTime } from '../format-time.ts';
import type { Settings } from '../settings/settings.ts';
import { changesInWords } from './changes.ts';
import type { Policy } from './policy.ts';
import {
  type FoundFile,
  findPolicy,
  hasRules,
  notRead,
  PolicyError,
  policyFrom,
  policyInWords,
  policyPath,
} from './read-policy.ts';

/** What a look at the file found out; it is told once. */
export type PolicyNews =
  /** Another policy is in force now. */
  | { kind: 'changed'; words: string }
  /** What stands in the file does not count. */
  | { kind: 'wrong'; words: string }
  /** It counts again, and says what it said before. */
  | { kind: 'fixed'; words: string };

/** How many mistakes are told in a line. */
const TOLD = 3;

/**
 * The policy in force while the file may change. A file that is wrong, gone or empty leaves what was read before in force:
 * without its rules, incidents would be closed that they keep open.
 */
export class LivePolicy {
  readonly #settings: Settings;
  readonly #now: () => number;
  /** What was there at the start. */
  readonly found: FoundFile;
  #policy: Policy;
  #isEmpty: boolean;
  #since: number;
  #problem: string | undefined;
  /** What was judged last, and what was found since, once. */
  #judged: string;
  #seen: string;

  /** Throws `PolicyError`: nothing was in force before. */
  constructor(settings: Settings, now: () => number = Date.now) {
    this.#settings = settings;
    this.#now = now;
    const found = findPolicy(settings);
    this.found = found;
    const { policy, isEmpty } = policyFrom(found, settings);
    [this.#policy, this.#isEmpty, this.#since] = [policy, isEmpty, now()];
    this.#judged = this.#seen = JSON.stringify(found);
  }

  /** Read it once for one piece of work: the next time it may be another. */
  get current(): Policy {
    return this.#policy;
  }

  /** Whether no file says anything, so that the settings alone decide. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Why the file as it is now is not in force, and what is; absent: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Reads the file, whatever its times say: a ConfigMap of Kubernetes is a link to another folder after each change. What
   * is found counts once the next reading finds the same, since an editor may be in the middle of writing it; `settled`:
   * no such reading is due.
   */
  async reread(): Promise<{ settled: boolean; news?: PolicyNews }> {
    const found = await readFile(policyPath(this.#settings), 'utf8').then(
      (text): FoundFile => ({ text }),
      notRead,
    );
    const now = JSON.stringify(found);
    const isSame = now === this.#seen;
    this.#seen = now;
    if (now === this.#judged) return { settled: true };
    if (!isSame) return { settled: false };
    this.#judged = now;
    const news = this.#judge(found);
    return { settled: true, ...(news && { news }) };
  }

  #judge(found: FoundFile): PolicyNews | undefined {
    const before = this.#policy;
    let read: ReturnType<typeof policyFrom>;
    try {
      read = judged(found, before, this.#settings);
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      const words = `${inOneLine(error)}. What was read at ${formatTime(this.#since)} stays in force: ${policyInWords(before)}`;
      this.#problem = words;
      return { kind: 'wrong', words };
    }
    const wasWrong = this.#problem !== undefined;
    this.#problem = undefined;
    const changes = changesInWords(before, read.policy);
    [this.#policy, this.#isEmpty, this.#since] = [read.policy, read.isEmpty, this.#now()];
    if (changes !== undefined)
      return { kind: 'changed', words: `${changes}. In force now: ${policyInWords(read.policy)}` };
    return wasWrong ? { kind: 'fixed', words: `In force as before: ${policyInWords(before)}` } : undefined;
  }
}

/** Throws a `PolicyError` also for a file that is gone or empty although `before` was more than the settings. */
function judged(found: FoundFile, before: Policy, settings: Settings): ReturnType<typeof policyFrom> {
  const lost = hasRules(before) ? policyInWords(before) : undefined;
  if ('missing' in found) refuseLost(found, lost, settings);
  const read = policyFrom(found, settings);
  if (read.isEmpty) refuseLost(found, lost, settings);
  return read;
}

/**
 * Throws a `PolicyError` where a policy that was in force (`lost`: which) is there no more: that it is gone may well be
 * what went wrong, and the rules that keep incidents open would be gone with it.
 */
export function refuseLost(
  found: FoundFile,
  lost: string | undefined,
  settings: Pick<Settings, 'policyFile'>,
): void {
  if (lost === undefined) return;
  const is = 'missing' in found ? 'not there' : 'empty';
  throw new PolicyError(resolve(policyPath(settings)), [
    ` is ${is}, and a policy was in force (${lost}): put it back. If there are to be no rules any more, write “rules: []” into it; once that is in force, the file may go`,
  ]);
}

function inOneLine({ file, problems }: PolicyError): string {
  const more = problems.length - TOLD;
  const shown = problems.slice(0, TOLD).map((problem) => `${file}${problem}`);
  return `the policy file needs attention: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
