/** Finds secrets that were planted, each of which has this word in it. */
const WORD = /canary[\w.-]*/gi;
const AROUND = 80;

/** Where a text shows one: as it is, percent-encoded, or within base64 of any alignment. */
export function canariesIn(text: string): string[] {
  const plain = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const found = [...plain.matchAll(WORD)].map(({ index }) =>
    plain.slice(Math.max(0, index - AROUND), index + AROUND),
  );
  for (const [run] of plain.matchAll(/[A-Za-z0-9+/_-]{12,}/g))
    for (let skipped = 0; skipped < 4; skipped++)
      if (/canary/i.test(Buffer.from(run.slice(skipped), 'base64').toString('latin1'))) found.push(run);
  return found;
}
