import { z } from 'zod';
import type { Store } from '../store.ts';

/** What the workers last found out about the key, for processes that do not call incident.io themselves. */
export const keyReport = z.object({
  works: z.boolean(),
  words: z.string(),
  at: z.number(),
  /** Absent while it does not work, or where an earlier release reported. */
  key: z.object({ name: z.string(), roles: z.array(z.string()) }).optional(),
  /** What a working key cannot do, by the role that it lacks; absent where an earlier release reported. */
  gaps: z.array(z.object({ role: z.string(), words: z.string() })).optional(),
  /** Every role that a key of this name was seen with; absent where an earlier release reported. */
  had: z.object({ name: z.string(), roles: z.array(z.string()) }).optional(),
});
export type KeyReport = z.infer<typeof keyReport>;

const KEY_REPORT = 'key-word';

export async function readKeyReport(store: Store): Promise<KeyReport | undefined> {
  return parsed(await store.meta.get(KEY_REPORT));
}

/** Stores it, with what is known of the roles that the key had before. */
export async function storeKeyReport(report: Omit<KeyReport, 'had'>, store: Store): Promise<void> {
  await store.meta.update([KEY_REPORT], (text) =>
    JSON.stringify({ ...report, had: hadAfter(parsed(text)?.had, report.key) }),
  );
}

function hadAfter(before: KeyReport['had'], key: KeyReport['key']): KeyReport['had'] {
  if (key === undefined || before?.name !== key.name) return key ?? before;
  return { name: key.name, roles: [...new Set([...before.roles, ...key.roles])].sort() };
}

function parsed(text: string | number | undefined): KeyReport | undefined {
  return text === undefined ? undefined : keyReport.parse(JSON.parse(String(text)));
}
