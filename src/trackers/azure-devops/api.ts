/** What all calls to Azure DevOps have in common. */
import type { TrackerAnswer } from '../read-back.ts';
import { CLOUD } from './permalink.ts';

/**
 * The newest version of the API that all supported servers have, or the newer one of Services, for an organization or
 * collection. https://learn.microsoft.com/azure/devops/integrate/concepts/rest-api-versioning
 */
export function versionOf(base: string): string {
  return new URL(base).host === CLOUD ? '7.1' : '7.0';
}

/** A token of Entra has three parts; a personal one is a password without a user. */
export function authorizationOf(token: string): string {
  return /^eyJ[^.]*\.[^.]+\.[^.]+$/.test(token)
    ? `Bearer ${token}`
    : `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
}

/** Unknown users are asked to sign in, with a page or by a redirect. */
export function asksToSignIn({ status }: Pick<TrackerAnswer, 'status'>): boolean {
  return status === 203 || (status >= 300 && status < 400);
}
