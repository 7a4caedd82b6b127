/** The exit code of a command or an argument that there is not. */
export const MISUSED = 2;
