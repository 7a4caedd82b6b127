// Kept: tests that stop the clock stop no turn of the event loop.
const nextTurn = setImmediate;

/**
 * The result of `promise`, or the error `late` (its message, or a function that creates it) once `ms` have passed. The
 * work continues: after the error its outcome is unknown.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  late: string | (() => Error),
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const end = () => reject(typeof late === 'string' ? new Error(late) : late());
    // Where this process itself was held up, an answer that has come is read in this turn of the event loop.
    timer = setTimeout(() => nextTurn(end), ms);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}

/** Resolves once `promise` is settled, either way, or after `ms`. Returns whether it was settled in time. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => nextTurn(() => resolve(false)), Math.max(0, ms));
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}

/** A function that does `work` the first time, and returns the same result from then on. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= work();
    return begun;
  };
}
