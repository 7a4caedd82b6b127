import { bounded } from '../outside-text.ts';

/** The longest line that is told, in characters: a message to Teams may have 28 KB. */
const LONGEST_LINE = 1_000;
/** A zero-width joiner: invisibly breaks up what would become a mention. */
const JOINER = '\u2060';

/**
 * A text that mentions nobody and hides no link, wherever it is shown: chats read `<!channel>`, `<https://…|text>`,
 * `@here` and `[text](https://…)` in it. https://docs.slack.dev/messaging/formatting-message-text
 */
export function deadLine(text: string): string {
  return bounded(text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim(), LONGEST_LINE)
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll(/@(?=[\p{L}\p{N}_])/gu, `@${JOINER}`)
    .replaceAll('](', `]${JOINER}(`);
}
