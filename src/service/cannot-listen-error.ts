/** The address cannot be served, for a reason that whoever chose it can mend. */
export class CannotListenError extends Error {
  override readonly name = 'CannotListenError';
}
