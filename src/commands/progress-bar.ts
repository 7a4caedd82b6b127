import progress from 'cli-progress';
import type { OnProgress } from '../operations/progress.ts';

export interface ProgressBar {
  tell: OnProgress;
  /** Prints what stands above it. */
  above(print: () => void): void;
  /** Clears it from the terminal. */
  end(): void;
}

/** A line below the output, only on a terminal: piped output stays clean. */
export function progressBar(): ProgressBar {
  let shown: string | undefined;
  const bar = new progress.SingleBar({
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 30,
    format: (options, { progress: share, value, total }, { what }: { what: string }) =>
      total > 0
        ? `${what}  ${progress.Format.BarFormat(share, options)}  ${value} of ${total}`
        : `${what}: ${value}`,
  });
  return {
    tell(what, done, of = 0) {
      if (shown !== what) {
        bar.stop();
        bar.start(of, done, { what });
        shown = what;
      }
      bar.setTotal(of);
      bar.update(done, { what });
    },
    above(print) {
      bar.stop();
      shown = undefined;
      print();
    },
    end: () => bar.stop(),
  };
}
