import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../settings/settings.ts';
import { meaningOf, type Policy, policyOf } from './policy.ts';
import { keysAt, type PolicyFile, policyFile } from './schema.ts';
import { PolicyError, parseYaml } from './yaml-file.ts';

export { PolicyError };

/** The default file; it need not exist. */
export const STANDARD_FILE = 'incident-closer.yaml';

/** The file that these settings name, or the default one. */
export function policyPath({ policyFile: named }: Pick<Settings, 'policyFile'>): string {
  return named ?? STANDARD_FILE;
}

/** What was found where the policy file should be. `unreadable`: by the code of Node's error. */
export type FoundFile = { text: string } | { missing: true } | { unreadable: string };

/** By the error of a read. */
export function notRead(error: unknown): FoundFile {
  const code = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
  return code === 'ENOENT' ? { missing: true } : { unreadable: code };
}

/** The policy in force: the file's, if there is one, with the settings as the last rule. Throws `PolicyError`. */
export function readPolicy(settings: Settings): Policy {
  return policyFrom(findPolicy(settings), settings).policy;
}

export function findPolicy(settings: Pick<Settings, 'policyFile'>): FoundFile {
  try {
    return { text: readFileSync(policyPath(settings), 'utf8') };
  } catch (error) {
    return notRead(error);
  }
}

/** The policy by what was found; `isEmpty`: no file says anything. Throws `PolicyError`. */
export function policyFrom(found: FoundFile, settings: Settings): { policy: Policy; isEmpty: boolean } {
  const file = policyPath(settings);
  if ('text' in found) {
    const { data, isEmpty } = parsed(found.text, file);
    return { policy: policyOf(settings, data), isEmpty };
  }
  if ('missing' in found && settings.policyFile === undefined)
    return { policy: policyOf(settings), isEmpty: true };
  throw new PolicyError(file, [` cannot be read (${'missing' in found ? 'ENOENT' : found.unreadable})`]);
}

/** Parses the text of a policy file. Throws a `PolicyError` with the line of each error. */
export function parsePolicy(text: string, file: string): PolicyFile {
  return parsed(text, file).data;
}

function parsed(text: string, file: string): { data: PolicyFile; isEmpty: boolean } {
  return parseYaml(text, file, {
    schema: policyFile,
    keysAt,
    alsoWrong({ rules }) {
      const names = rules.map(({ name }) => name.toLowerCase());
      const twice = names.findIndex((name, i) => names.indexOf(name) < i);
      if (twice === -1) return undefined;
      return { path: ['rules', twice, 'name'], words: 'is taken by another rule: give each its own' };
    },
  });
}

/** What people compare policies by: two that decide alike have the same. */
export function policyDigest(policy: Policy): string {
  return createHash('sha256').update(meaningOf(policy)).digest('hex').slice(0, 12);
}

/** Whether it is more than the settings say. */
export function hasRules({ rules, paused }: Policy): boolean {
  return rules.length > 1 || paused !== undefined;
}

/** `3 rules and the settings, digest 0a1b2c3d4e5f` */
export function policyInWords(policy: Policy): string {
  const rules = policy.rules.length - 1;
  const of =
    rules === 0 ? 'the settings alone' : `${rules} ${rules === 1 ? 'rule' : 'rules'} and the settings`;
  return `${of}${policy.paused === undefined ? '' : ', all is paused'}, digest ${policyDigest(policy)}`;
}
