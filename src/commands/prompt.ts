import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { printable } from '../terminal.ts';
import { MisusedError } from './misused-error.ts';

/** Asks the person at the terminal. Without one, each question has its default; one without a default is refused. */
export interface Prompt {
  /** `flag`: what gives the answer where nobody can be asked. */
  text(question: string, about: { flag: string; default?: string }): Promise<string>;
  /** What is typed is not displayed. An empty answer is `undefined`. */
  secret(question: string): Promise<string | undefined>;
  yes(question: string, usual: boolean): Promise<boolean>;
  close(): void;
}

export function createPrompt(isTerminal: boolean): Prompt {
  return isTerminal ? atTerminal() : nobody;
}

const nobody: Prompt = {
  async text(question, { flag, default: usual }) {
    if (usual !== undefined) return usual;
    throw new MisusedError(`There is no terminal to ask: give ${flag} (${question})`);
  },
  secret: async () => undefined,
  yes: async (_question, usual) => usual,
  close() {},
};

function atTerminal(): Prompt {
  let isHidden = false;
  const output = new Writable({
    write(chunk, encoding, done) {
      if (isHidden) done();
      else process.stdout.write(chunk, typeof encoding === 'string' ? encoding : undefined, done);
    },
  });
  const lines: Interface = createInterface({ input: process.stdin, output, terminal: true });
  const ask = async (question: string) => (await lines.question(printable(question))).trim();
  return {
    async text(question, { default: usual }) {
      for (;;) {
        const answer = (await ask(`${question}${usual === undefined ? '' : ` [${usual}]`}: `)) || usual;
        if (answer !== undefined) return answer;
      }
    },
    async secret(question) {
      process.stdout.write(printable(`${question}: `));
      isHidden = true;
      try {
        return (await lines.question('')).trim() || undefined;
      } finally {
        isHidden = false;
        process.stdout.write('\n');
      }
    },
    async yes(question, usual) {
      for (;;) {
        const answer = (await ask(`${question} [${usual ? 'Y/n' : 'y/N'}] `)).toLowerCase();
        if (answer === '') return usual;
        if (/^(y|yes|n|no)$/.test(answer)) return answer.startsWith('y');
      }
    },
    close: () => lines.close(),
  };
}
