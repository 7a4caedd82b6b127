/** What the stories of the fault suite found, for the table that `run.mjs` prints and the documentation shows. */
import { appendFileSync } from 'node:fs';

export interface Found {
  /** How often the story was tried: kills, outages, or whatever it is about. */
  times: number;
  /** Incidents whose end was at stake. */
  incidents: number;
  /** Names of those that were due and were not closed. */
  lost: string[];
  /** Names of those that were closed more than once, too early, or although something was outstanding. */
  wrong: string[];
}

export function tally(story: string, found: Found): void {
  const { times, incidents, lost, wrong } = found;
  const line = { story, times, incidents, lost: lost.length, wrong: wrong.length };
  if (process.env.FAULTS_RESULTS !== undefined)
    appendFileSync(process.env.FAULTS_RESULTS, `${JSON.stringify(line)}\n`);
}
