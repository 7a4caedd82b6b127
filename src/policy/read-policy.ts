import { readFileSync } from 'node:fs';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Settings } from '../settings/settings.ts';
import { type Policy, policyOf } from './policy.ts';
import { keysAt, type PolicyFile, policyFile } from './schema.ts';

/** Everything wrong with a policy file, each with its line, worded for its author. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly string[];
  constructor(file: string, problems: readonly string[]) {
    super(
      `The policy file needs attention:\n${problems.map((problem) => `  - ${file}${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** The default file; it need not exist. */
export const STANDARD_FILE = 'incident-closer.yaml';

/** The policy in force: the file's, if there is one, with the settings as the last rule. Throws `PolicyError`. */
export function readPolicy(settings: Settings): Policy {
  const { policyFile: named } = settings;
  const file = named ?? STANDARD_FILE;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    if (code === 'ENOENT' && named === undefined) return policyOf(settings);
    throw new PolicyError(file, [` cannot be read (${code})`]);
  }
  return policyOf(settings, parsePolicy(text, file));
}

/** Parses the text of a policy file. Throws a `PolicyError` with the line of each error. */
export function parsePolicy(text: string, file: string): PolicyFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    throw new PolicyError(
      file,
      broken.map(({ message, linePos }) => `:${linePos?.[0].line ?? 1}: ${message.split('\n')[0]}`),
    );
  const parsed = policyFile.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!parsed.success)
    throw new PolicyError(
      file,
      parsed.error.issues
        .flatMap(problemsOf)
        .map(({ path, words }) => ({ line: lineOf(path), words }))
        .sort((a, b) => a.line - b.line)
        .map(({ line, words }) => `:${line}: ${words}`),
    );
  const names = parsed.data.rules.map(({ name }) => name.toLowerCase());
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice === -1) return parsed.data;
  const path = ['rules', twice, 'name'];
  throw new PolicyError(file, [
    `:${lineOf(path)}: ${nameOf(path)} is taken by another rule: give each its own`,
  ]);

  /** The line of what a path leads to, or of the closest existing thing around it. */
  function lineOf(path: readonly PropertyKey[]): number {
    let node: unknown = document.contents;
    let nearest = node;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
        // The key's own line: its value may begin on a later one.
        nearest = pair?.key ?? nearest;
        node = pair?.value;
      } else if (isSeq(node)) {
        node = node.items[Number(step)];
        nearest = node ?? nearest;
      }
    }
    return isNode(nearest) && nearest.range ? lines.linePos(nearest.range[0]).line : 1;
  }
}

/** What is wrong, and what is allowed instead. Does not repeat the value. */
function problemsOf(issue: z.core.$ZodIssue): { path: PropertyKey[]; words: string }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      words: `${nameOf([...issue.path, key])} is not known: allowed here are ${keysAt(issue.path).join(', ')}`,
    }));
  return [{ path: issue.path, words: `${nameOf(issue.path) || 'the file'}: give ${issue.message}` }];
}

/** `rules[2].then.settle_time` */
function nameOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, step) =>
      typeof step === 'number' ? `${name}[${step}]` : `${name}${name === '' ? '' : '.'}${String(step)}`,
    '',
  );
}
