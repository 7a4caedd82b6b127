/**
 * The folder of the package, with a slash at its end: one folder up from `src/`, from `build/`, and from the bundle in
 * `dist/`, whose files lie side by side. Nothing else may look for files by where its own code lies.
 */
export const PACKAGE_ROOT = new URL('../', import.meta.url);
