import { sources } from '../trackers/index.ts';
import { secretVariable } from './rows.ts';

/** Shorter ones could be guessed. This many hex characters are 64 bits. */
export const SHORTEST_SECRET = 16;

/**
 * A sentence for each webhook secret that is too short, if it is ours to choose: not for those that the sender generates,
 * nor for `whsec_…`, whose format has a minimum length. Contains no secret.
 */
export function shortSecrets(webhookSecrets: Readonly<Record<string, readonly string[]>>): string[] {
  return sources.flatMap(({ name, title, secretPlace }) => {
    if (secretPlace?.madeBy === 'sender') return [];
    const given = webhookSecrets[name] ?? [];
    return given.flatMap((secret, n) => {
      if (secret.length >= SHORTEST_SECRET || secret.startsWith('whsec_')) return [];
      const which = `${given.length > 1 ? `secret ${n + 1} of ` : ''}${secretVariable(name)}`;
      return `${which} is shorter than ${SHORTEST_SECRET} characters, and whoever guesses it can say that tasks are done: make a strong one with \`incident-closer secret ${name}\`, and set it here and in ${title}`;
    });
  });
}
