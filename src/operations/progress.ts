import type { ListedIncident } from './listed-incident.ts';

/** Called with how far a long operation has got; `of`: how much there is, if known. */
export type OnProgress = (what: string, done: number, of?: number) => void;

/** What is told of a long operation while it is at work. */
export interface Watch {
  progress: OnProgress;
  /** Called with each incident of `check --all`, as its result has it. */
  found?: (incident: ListedIncident) => void;
}

export const NOBODY_WATCHES: Watch = { progress: () => {} };
