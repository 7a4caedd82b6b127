/** How to comment on a task in its tracker. An existing comment is looked for first, by the closing it names. */
import type { TaskKey } from '../vocabulary.ts';
import type { ApiAccess } from './read-back.ts';

export interface Commenting {
  /** What its token needs besides read access, for people: `write access to Issues`. */
  right: string;
  /**
   * Posts a comment unless it is there already. Throws like `ReadBack.read`, and `CannotCommentError` if no retry can
   * help.
   */
  comment(comment: TaskComment, access: ApiAccess): Promise<void>;
}

export interface TaskComment {
  task: TaskKey;
  /** The closing that it announces (a UUID): a task has one comment per closing. */
  closure: string;
  /** Plain text, one or two lines. */
  text: string;
  /** Where the incident is. */
  url?: string;
  /** The ending of a text in which nothing hidden can be stored. */
  marker: string;
  /** It cannot have been posted before this, ms. */
  since: number;
  /** Called right before the post. Throws if somebody else may be about to post the same. */
  mayPost(): Promise<void>;
}

/** This task cannot be commented on, now or later. */
export class CannotCommentError extends Error {
  override readonly name = 'CannotCommentError';
}

/** How many pages of newer comments are searched. */
export const MOST_PAGES = 30;

/** Escaped so that Markdown adds no meaning to the text: no link, mention, reference or command. */
export function asMarkdown({ text, url }: Pick<TaskComment, 'text' | 'url'>): string {
  const plain = text
    // A zero-width joiner separates a sign from the name that it would mention or refer to.
    .replaceAll(/([@#!~%&$^:])(?=[\w"])/g, '$1\u2060')
    .replaceAll(/[\\`*_{}[\]<>|~#]/g, '\\$&');
  return url === undefined ? plain : `${plain}\n\n${url}`;
}

/** A hidden line of Markdown. */
export function hidden(marker: string): string {
  return `<!-- ${marker} -->`;
}
