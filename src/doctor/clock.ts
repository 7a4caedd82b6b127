import { type Finding, ok, trouble, warning } from './finding.ts';

const ABOUT = 'clock';
/** A clock that is this far off is reported, ms. */
const NOTABLE = 30_000;
/** Signed webhooks are refused if clocks are five minutes apart: shortly before that it is trouble, ms. */
const TOO_FAR = 4 * 60_000;

/** This machine's clock against others, each in ms ahead of ours; `undefined` if unknown. */
export function clockFindings(incidentIo: number | undefined, store: number): Finding[] {
  return [
    incidentIo === undefined
      ? warning(ABOUT, 'incident.io did not tell its time, so the clocks could not be compared')
      : compared('incident.io', incidentIo),
    compared('the store', store),
  ];
}

function compared(other: string, ahead: number): Finding {
  const seconds = Math.round(Math.abs(ahead) / 1000);
  if (Math.abs(ahead) < NOTABLE) return ok(ABOUT, `agrees with that of ${other}, to ${seconds} s`);
  const words = `this machine is ${seconds} s ${ahead > 0 ? 'behind' : 'ahead of'} ${other}: have its clock set by NTP`;
  if (Math.abs(ahead) < TOO_FAR) return warning(ABOUT, words);
  return trouble(ABOUT, `${words}. Signed webhooks are refused where clocks are five minutes apart`);
}
