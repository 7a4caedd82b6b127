/** What Node and clients say where a server cannot be reached, by their codes; its address stands before it in our words. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'it refuses connections'],
  [/ECONNRESET|EPIPE/, 'it ended the connection'],
  [/EHOSTUNREACH|ENETUNREACH/, 'no network leads to it'],
  [/ENOTFOUND/, 'its name is not found'],
  [/EAI_AGAIN/, 'its name cannot be looked up'],
];
const SILENT =
  /ETIMEDOUT|Socket timeout|timed out|Connection is closed|there is no connection|^no answer$| does not answer$/;

/** A problem as `/readyz` says it, for people who look at the board: nobody there looks up the code of an error. */
export function inPlainWords(problem: string): string {
  const [, where, said = ''] = /^(.+?) (?:cannot take jobs|does not answer): (.*)$/s.exec(problem) ?? [];
  if (where === undefined) return problem;
  if (SILENT.test(said)) return `${where} does not answer`;
  const plain = SAID.find(([code]) => code.test(said))?.[1];
  return plain === undefined ? problem : `${where} does not answer: ${plain}`;
}
