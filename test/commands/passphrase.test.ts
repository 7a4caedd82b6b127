import { describe, expect, it } from 'vitest';
import { type PassphraseOptions, passphraseOf } from '../../src/commands/passphrase.ts';
import type { Prompt } from '../../src/commands/prompt.ts';

/** A person who types these, one after the other. */
function typing(...answers: (string | undefined)[]) {
  const asked: string[] = [];
  const prompt: Prompt = {
    text: async () => '',
    yes: async () => false,
    async secret(question) {
      asked.push(question);
      return answers.shift();
    },
    close: () => void asked.push('closed'),
  };
  return { asked, prompt: () => prompt };
}

const LONG = 'correct horse battery';
const NONE: PassphraseOptions = {};
const given = { exportPassphrase: undefined };

describe('the passphrase', () => {
  it('is asked for twice where it is new, and once where it opens', async () => {
    const two = typing(LONG, LONG);
    expect(await passphraseOf(NONE, given, { isNew: true, mayAsk: true }, two.prompt)).toBe(LONG);
    expect(two.asked).toEqual(['Passphrase to seal the secrets with', 'Once more', 'closed']);
    const one = typing('short');
    expect(await passphraseOf(NONE, given, { isNew: false, mayAsk: true }, one.prompt)).toBe('short');
    expect(one.asked).toEqual(['Passphrase', 'closed']);
  });

  it('is refused where it is too short, differs, or is left out', async () => {
    for (const [answers, words] of [
      [['short'], 'take 12 characters at least'],
      [[LONG, `${LONG}s`], 'The two passphrases differ'],
      [[undefined], 'Without a passphrase give --without-secrets'],
    ] as const) {
      const { asked, prompt } = typing(...answers);
      await expect(passphraseOf(NONE, given, { isNew: true, mayAsk: true }, prompt)).rejects.toThrow(words);
      expect(asked.at(-1)).toBe('closed');
    }
  });

  it('of the settings asks nobody, and without a terminal it is said how to give it', async () => {
    const { asked, prompt } = typing();
    const set = { exportPassphrase: LONG };
    expect(await passphraseOf(NONE, set, { isNew: true, mayAsk: true }, prompt)).toBe(LONG);
    expect(asked).toEqual([]);
    const nobody = () => undefined;
    await expect(passphraseOf(NONE, given, { isNew: false, mayAsk: true }, nobody)).rejects.toThrow(
      '--passphrase-file or EXPORT_PASSPHRASE',
    );
    // stdin is the archive, or stdout is.
    await expect(passphraseOf(NONE, given, { isNew: true, mayAsk: false }, prompt)).rejects.toThrow(
      'no terminal to ask',
    );
    expect(asked).toEqual([]);
  });
});
