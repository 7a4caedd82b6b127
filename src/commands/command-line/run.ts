/** Runs a command and sets the exit code. `envFile` is `false` for what has its own settings. */
export type Run = (command: () => Promise<number>, own?: { envFile?: false }) => Promise<void>;
