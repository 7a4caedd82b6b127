/** The place that QUEUE_URL names cannot be used, for a reason that whoever configured it can fix. */
export class CannotOpenError extends Error {
  override readonly name = 'CannotOpenError';
}
