/**
 * How long tests wait for what normally comes at once, ms. A machine may be busy, and slow is not broken: only what
 * would never come is to fail.
 */
export const PATIENCE = 60_000;
