import type { EventIntake } from '../queue/queues.ts';

/**
 * Takes nothing before `open` is called: what is taken before the very first start is noted would be older than that
 * start if this process is killed in between, and the next one would leave it as it is.
 */
export function holdIntake(intake: EventIntake): { intake: EventIntake; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    intake: {
      async add(batch, options) {
        await opened;
        return intake.add(batch, options);
      },
    },
    open,
  };
}
