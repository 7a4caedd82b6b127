import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

/** Everything wrong with a file of rules, each with its line, worded for its author. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly file: string;
  readonly problems: readonly string[];
  /** `problems`: what comes after the file's name: `:12: …`. `what` the file is. */
  constructor(file: string, problems: readonly string[], what = 'The policy file') {
    super(`${what} needs attention:\n${problems.map((problem) => `  - ${file}${problem}`).join('\n')}`);
    this.file = file;
    this.problems = problems;
  }
}

interface Form<S extends z.ZodType> {
  schema: S;
  /** The keys allowed at a place in the file. */
  keysAt(path: readonly PropertyKey[]): string[];
  /** What the file is: see `PolicyError`. */
  what?: string;
  /** What the schema cannot see: where something is wrong, and its words. */
  alsoWrong?(data: z.output<S>): { path: readonly PropertyKey[]; words: string } | undefined;
}

/**
 * Parses a YAML text; `isEmpty`: there is nothing in it but white space and comments. Throws a `PolicyError` with the line
 * of each error, which does not repeat values.
 */
export function parseYaml<S extends z.ZodType>(
  text: string,
  file: string,
  { schema, keysAt, what, alsoWrong }: Form<S>,
): { data: z.output<S>; isEmpty: boolean } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    throw new PolicyError(
      file,
      broken.map(({ message, linePos }) => `:${linePos?.[0].line ?? 1}: ${message.split('\n')[0]}`),
      what,
    );
  const isEmpty = document.contents === null;
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!parsed.success)
    throw new PolicyError(
      file,
      parsed.error.issues
        .flatMap((issue) => problemsOf(issue, keysAt))
        .map(({ path, words }) => ({ line: lineOf(path), words }))
        .sort((a, b) => a.line - b.line)
        .map(({ line, words }) => `:${line}: ${words}`),
      what,
    );
  const wrong = alsoWrong?.(parsed.data);
  if (wrong === undefined) return { data: parsed.data, isEmpty };
  throw new PolicyError(file, [`:${lineOf(wrong.path)}: ${nameOf(wrong.path)} ${wrong.words}`], what);

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
function problemsOf(
  issue: z.core.$ZodIssue,
  keysAt: (path: readonly PropertyKey[]) => string[],
): { path: PropertyKey[]; words: string }[] {
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
