/** How a task is commented on in its tracker. A comment is looked for before it is posted, by what names its closing. */
import type { TaskKey } from '../vocabulary.ts';
import type { Access } from './read-back.ts';

export interface Commenting {
  /** What its token may have to do beside reading, for people: `write access to Issues`. */
  right: string;
  /**
   * Posts a comment unless it is there already. Throws as `ReadBack.read` does, and `CannotCommentError` where no
   * further try can help.
   */
  comment(comment: TaskComment, access: Access): Promise<void>;
}

export interface TaskComment {
  task: TaskKey;
  /** The closing that it tells of (a UUID): a task has one comment of each. */
  closure: string;
  /** Plain text, one or two lines. */
  text: string;
  /** Where the incident is. */
  url?: string;
  /** What ends the text where nothing hidden can be kept in it. */
  marker: string;
  /** It cannot have been posted before, ms. */
  since: number;
  /** Called right before the post. Throws where somebody else may be about to post the same. */
  mayPost(): Promise<void>;
}

/** There is no way to comment on this task, now or later. */
export class CannotCommentError extends Error {
  override readonly name = 'CannotCommentError';
}

/** How many pages of newer comments are looked through. */
export const MOST_PAGES = 30;

/** As Markdown that means nothing more than the text: no link, no mention, no reference, no command. */
export function asMarkdown({ text, url }: Pick<TaskComment, 'text' | 'url'>): string {
  const plain = text
    // A joiner without width parts a sign from the name that it would mention or refer to.
    .replaceAll(/([@#!~%&$^:])(?=[\w"])/g, '$1\u2060')
    .replaceAll(/[\\`*_{}[\]<>|~#]/g, '\\$&');
  return url === undefined ? plain : `${plain}\n\n${url}`;
}

/** A hidden line of Markdown. */
export function hidden(marker: string): string {
  return `<!-- ${marker} -->`;
}
