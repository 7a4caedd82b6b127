import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { WebhookSecrets } from '../store/webhook-secrets.ts';

export const secretsResult = z.object({
  /** The secrets that are kept now. */
  secrets: z.array(z.string()),
  /** One more is accepted until then, RFC 3339. */
  openUntil: z.string().optional(),
  /** How many were forgotten. */
  forgotten: z.number().optional(),
});
export type SecretsResult = z.infer<typeof secretsResult>;
export const secretsAsks = z.object({ source: z.string(), act: z.enum(['show', 'another', 'forget']) });
export type SecretsAsks = z.infer<typeof secretsAsks>;

function resultOf({ forgotten, openUntil }: { forgotten: number; openUntil: number }): SecretsResult {
  return { forgotten, openUntil: new Date(openUntil).toISOString(), secrets: [] };
}

/** Shows the secrets that a source offered in handshakes, accepts one more, or forgets them. */
export async function offeredSecrets(
  { source, act }: SecretsAsks,
  { backend }: StoreContext,
): Promise<SecretsResult> {
  const kept = new WebhookSecrets(backend.tables);
  switch (act) {
    case 'show':
      return { secrets: [...(await kept.of(source))] };
    case 'another':
      return { openUntil: new Date(await kept.openDoor(source)).toISOString(), secrets: [] };
    case 'forget':
      return resultOf(await kept.forget(source));
  }
}
