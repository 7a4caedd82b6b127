import { randomBytes } from 'node:crypto';
import { newSecret } from '../trackers/standard-webhooks.ts';
import type { Source } from '../trackers/tracker.ts';

/** Strong, and in the format that the source's signature needs; most take any text. */
export function newWebhookSecret(source: Source | undefined): string {
  return source?.secretPlace?.form === 'standard-webhooks' ? newSecret() : randomBytes(32).toString('hex');
}
