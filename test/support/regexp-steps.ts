/**
 * Counts the steps that a backtracking engine takes for a regular expression, as that of V8 is one: a time says more of
 * the machine than of the expression, and V8 shows no count. https://swtch.com/~rsc/regexp/regexp2.html#backtrack
 */

type Fits = (character: string) => boolean;
type Instruction =
  | { do: 'take'; fits: Fits }
  | { do: 'try'; first: number; other: number }
  | { do: 'go'; to: number }
  | { do: 'check'; holds: (text: string, at: number) => boolean }
  | { do: 'look'; ahead: boolean; wanted: boolean; program: Program }
  | { do: 'begin'; loop: number }
  | { do: 'again'; loop: number; to: number };
type Program = Instruction[];

type Node =
  | { is: 'one'; what: Instruction }
  | { is: 'either'; branches: Node[][] }
  | { is: 'times'; of: Node; least: number; most: number; lazy: boolean };

/** Some steps are taken by every engine where it begins anew; beyond `limit` it is not gone on. */
export function stepsOf({ source, flags }: RegExp, text: string, from: number, limit: number): number {
  const { program, anchored } = compiled(source, flags);
  let steps = 0;
  const sticky = flags.includes('y') || anchored;
  for (let start = from; start <= text.length; start++) {
    const ended = run(program, text, start);
    if (ended || sticky || steps > limit) break;
  }
  return steps;

  function run(instructions: Program, input: string, start: number, backwards = false): boolean {
    const open: { at: number; pc: number; begun: readonly number[] }[] = [{ at: start, pc: 0, begun: [] }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      let { at, pc, begun } = next;
      thread: for (;;) {
        if (++steps > limit) return false;
        const now = instructions[pc];
        if (now === undefined) return true;
        switch (now.do) {
          case 'take': {
            const character = backwards ? input[at - 1] : input[at];
            if (character === undefined || !now.fits(character)) break thread;
            at += backwards ? -1 : 1;
            pc += 1;
            break;
          }
          case 'try':
            open.push({ at, pc: now.other, begun });
            pc = now.first;
            break;
          case 'go':
            pc = now.to;
            break;
          case 'check':
            if (!now.holds(input, at)) break thread;
            pc += 1;
            break;
          case 'look':
            if (run(now.program, input, at, !now.ahead) !== now.wanted) break thread;
            pc += 1;
            break;
          case 'begin':
            begun = withAt(begun, now.loop, at);
            pc += 1;
            break;
          case 'again':
            // A round that took nothing is the last one: https://tc39.es/ecma262/#sec-runtime-semantics-repeatmatcher-abstract-operation
            pc = begun[now.loop] === at ? pc + 1 : now.to;
            break;
        }
      }
    }
    return false;
  }
}

function withAt(begun: readonly number[], loop: number, at: number): number[] {
  const next = [...begun];
  next[loop] = at;
  return next;
}

const known = new Map<string, { program: Program; anchored: boolean }>();

function compiled(source: string, flags: string): { program: Program; anchored: boolean } {
  const key = `${flags} ${source}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const branches = parsed(source, flags);
  const program: Program = [];
  let loops = 0;
  emit({ is: 'either', branches }, program);
  // V8 tries one that begins with ^ in all its branches at the start alone.
  const anchored =
    !flags.includes('m') && branches.every(([first]) => first?.is === 'one' && first.what === START);
  const made = { program, anchored };
  known.set(key, made);
  return made;

  function emit(node: Node, into: Program): void {
    if (node.is === 'one') {
      into.push(node.what);
      return;
    }
    if (node.is === 'either') {
      const ends: { do: 'go'; to: number }[] = [];
      for (const [index, branch] of node.branches.entries()) {
        const isLast = index === node.branches.length - 1;
        const choice: Instruction = { do: 'try', first: into.length + 1, other: 0 };
        if (!isLast) into.push(choice);
        for (const one of branch) emit(one, into);
        if (isLast) continue;
        const jump: { do: 'go'; to: number } = { do: 'go', to: 0 };
        into.push(jump);
        ends.push(jump);
        choice.other = into.length;
      }
      for (const end of ends) end.to = into.length;
      return;
    }
    const { of, least, most, lazy } = node;
    for (let i = 0; i < least; i++) emit(of, into);
    const choose = (inside: number): { done(outside: number): void } => {
      const choice: Instruction = { do: 'try', first: inside, other: inside };
      into.push(choice);
      return {
        done(outside) {
          if (lazy) choice.first = outside;
          else choice.other = outside;
        },
      };
    };
    if (most === Number.POSITIVE_INFINITY) {
      const loop = loops++;
      const top = into.length;
      const choice = choose(top + 1);
      into.push({ do: 'begin', loop });
      emit(of, into);
      into.push({ do: 'again', loop, to: top });
      choice.done(into.length);
      return;
    }
    const choices = [];
    for (let i = least; i < most; i++) {
      choices.push(choose(into.length + 1));
      emit(of, into);
    }
    for (const choice of choices) choice.done(into.length);
  }
}

const word = /\w/;
const isEdge = (text: string, at: number): boolean =>
  word.test(text[at - 1] ?? '') !== word.test(text[at] ?? '');
const START: Instruction = { do: 'check', holds: (_, at) => at === 0 };

/** What stands for one character is told by V8 itself: only what holds the parts together is read here. */
function parsed(source: string, flags: string): Node[][] {
  let at = 0;
  const branches = alternatives();
  if (at < source.length) throw new SyntaxError(`/${source}/ cannot be read at ${at}`);
  return branches;

  function alternatives(): Node[][] {
    const all: Node[][] = [[]];
    while (at < source.length && source[at] !== ')') {
      if (source[at] === '|') {
        at += 1;
        all.push([]);
      } else all.at(-1)?.push(quantified(term()));
    }
    return all;
  }

  function term(): Node {
    if (source[at] === '(') return group();
    const check = (width: number, holds: (text: string, at: number) => boolean): Node => {
      at += width;
      return { is: 'one', what: { do: 'check', holds } };
    };
    const lines = flags.includes('m');
    if (source[at] === '^' && !lines) {
      at += 1;
      return { is: 'one', what: START };
    }
    if (source[at] === '^') return check(1, (text, i) => i === 0 || text[i - 1] === '\n');
    if (source[at] === '$') return check(1, (text, i) => i === text.length || (lines && text[i] === '\n'));
    if (source.startsWith('\\b', at)) return check(2, isEdge);
    if (source.startsWith('\\B', at)) return check(2, (text, i) => !isEdge(text, i));
    if (/^\\[1-9k]/.test(source.slice(at, at + 2)))
      throw new SyntaxError(`/${source}/ refers back, whose steps are not counted here`);
    const atom =
      /^(?:\\(?:u\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|c[a-z]|[pP]\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]|.)/isu.exec(
        source.slice(at, at + 2_000),
      )?.[0];
    if (atom === undefined) throw new SyntaxError(`/${source}/ cannot be read at ${at}`);
    at += atom.length;
    const one = new RegExp(`^(?:${atom})$`, flags.replace(/[gym]/g, ''));
    const answers = new Map<string, boolean>();
    const fits: Fits = (character) => {
      let is = answers.get(character);
      if (is === undefined) {
        is = nativeTest(one, character);
        answers.set(character, is);
      }
      return is;
    };
    return { is: 'one', what: { do: 'take', fits } };
  }

  function group(): Node {
    const [head = ''] = /^\((?:\?(?:<?[=!]|:|<\w+>))?/.exec(source.slice(at, at + 200)) ?? [];
    at += head.length;
    const branches = alternatives();
    at += 1;
    const look = /^\(\?(<?)([=!])$/.exec(head);
    if (look === null) return { is: 'either', branches };
    const body = source.slice(at - 1, at);
    if (body !== ')') throw new SyntaxError(`/${source}/ has a group without an end`);
    const ahead = look[1] === '';
    const inner = ahead ? branches : branches.map((branch) => [...branch].reverse());
    const program: Program = compiledOf(inner);
    return { is: 'one', what: { do: 'look', ahead, wanted: look[2] === '=', program } };
  }

  /** What looks ahead or behind is short in all that there is: single characters and their classes, perhaps repeated. */
  function compiledOf(all: Node[][]): Program {
    const program: Program = [];
    const simple = (node: Node): void => {
      if (node.is === 'one') program.push(node.what);
      else if (node.is === 'times' && node.of.is === 'one') {
        for (let i = 0; i < node.least; i++) program.push(node.of.what);
        if (node.most === Number.POSITIVE_INFINITY) {
          const top = program.length;
          const choice: Instruction = { do: 'try', first: top + 1, other: top + 3 };
          program.push(choice, node.of.what, { do: 'go', to: top });
        } else
          for (let i = node.least; i < node.most; i++) {
            program.push({ do: 'try', first: program.length + 1, other: program.length + 2 }, node.of.what);
          }
      } else if (node.is === 'either') branchesInto(node.branches);
      else throw new SyntaxError(`/${source}/ looks ahead for more than is counted here`);
    };
    const branchesInto = (branches: Node[][]): void => {
      const ends: { do: 'go'; to: number }[] = [];
      for (const branch of branches) {
        const choice: Instruction = { do: 'try', first: program.length + 1, other: 0 };
        program.push(choice);
        branch.forEach(simple);
        const end: { do: 'go'; to: number } = { do: 'go', to: 0 };
        program.push(end);
        ends.push(end);
        choice.other = program.length;
      }
      // No branch fits.
      program.push({ do: 'check', holds: () => false });
      for (const end of ends) end.to = program.length;
    };
    branchesInto(all);
    return program;
  }

  function quantified(of: Node): Node {
    const [found = '', signs, least, comma, most] =
      /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(source.slice(at, at + 40)) ?? [];
    if (found === '') return of;
    at += found.length;
    const lazy = found.length > 1 && found.endsWith('?');
    const [low, high] =
      signs === '*'
        ? [0, Number.POSITIVE_INFINITY]
        : signs === '+'
          ? [1, Number.POSITIVE_INFINITY]
          : signs === '?'
            ? [0, 1]
            : [
                Number(least),
                comma === '' ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most),
              ];
    return { is: 'times', of, least: low, most: high, lazy };
  }
}

const { exec } = RegExp.prototype;
const nativeTest = (one: RegExp, text: string): boolean => exec.call(one, text) !== null;

/** Thrown where what is looked at takes more steps than were allowed. */
export class TooManySteps extends Error {
  override readonly name = 'TooManySteps';
}

/** Does `work`, and answers how many steps its regular expressions took. Throws `TooManySteps` beyond `limit`, before V8 takes them. */
export function countingSteps(limit: number, work: () => void): number {
  let steps = 0;
  const counted = function (this: RegExp, text: string): RegExpExecArray | null {
    const input = String(text);
    const from = this.global || this.sticky ? this.lastIndex : 0;
    // Counting itself uses expressions.
    RegExp.prototype.exec = exec;
    try {
      steps += stepsOf(this, input, from, limit - steps);
    } finally {
      RegExp.prototype.exec = counted;
    }
    if (steps >= limit)
      throw new TooManySteps(
        `/${this.source}/${this.flags} takes more than ${limit} steps for ${input.length} characters`,
      );
    return exec.call(this, input);
  };
  RegExp.prototype.exec = counted;
  try {
    work();
  } finally {
    RegExp.prototype.exec = exec;
  }
  return steps;
}
