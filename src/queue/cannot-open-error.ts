/** The place that QUEUE_URL names cannot be used, for a reason that whoever set it can mend. */
export class CannotOpenError extends Error {
  override readonly name = 'CannotOpenError';
}
