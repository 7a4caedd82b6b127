/** Names that people give: of states, reasons, resolutions. */

/** Names by which teams say that a thing will not be done, in trackers that have no type of state for it. */
export const DECLINED_NAMES = [
  "Won't Do",
  'Wont Do',
  "Won't Fix",
  'Wont Fix',
  'Cancelled',
  'Canceled',
  'Rejected',
  'Declined',
  'Duplicate',
  'Abandoned',
  'Obsolete',
];

/** Whether a name is one of these. */
export function isNamed(name: string | undefined, words: readonly string[]): boolean {
  return name !== undefined && words.some((word) => plain(word) === plain(name));
}

/** Keyboards differ in their apostrophes, and people in their capitals. */
export function plain(name: string): string {
  return name.trim().toLowerCase().replaceAll('’', "'");
}
