import { type Kind, texts } from './kinds.ts';

/** In the order of docs/settings.md. */
export const groups = [
  'incident.io',
  'Trackers',
  'When to close',
  'Announcements',
  'Notifications',
  'Queue and HTTP',
  'Running it',
  'Advanced',
] as const;
export type Group = (typeof groups)[number];

/** One setting: everything about it. Parsing, messages, the log and the table in docs/settings.md come from here. */
export interface SettingRow<T> {
  /** The environment variable. */
  name: string;
  /** Read if the first name is not set. */
  otherName?: string;
  group: Group;
  /** One line of Markdown for docs/settings.md; links are from the root of the project. */
  doc: string;
  default?: string;
  /** May also be given as `<NAME>_FILE`, and appears in no message. */
  secret: boolean;
  /** Keeps the service from doing something: a misspelled variable of this name stops the start. */
  safety?: true;
  /** The value of a text; without a text, the default's. Throws `NotAllowed`. */
  read(given: string | undefined, lines?: boolean): T;
  show(value: T): string;
  /** What is displayed for a text, or for the default. Throws `NotAllowed`. */
  shown(given: string | undefined, lines?: boolean): string;
}

type About = Pick<SettingRow<unknown>, 'otherName' | 'default' | 'safety'> & {
  group: Group;
  doc: string;
  secret?: true;
};

/** Undefined if neither a value nor a default is given. */
export function optional<T>(name: string, kind: Kind<T>, about: About): SettingRow<T | undefined> {
  return complete({
    secret: false,
    ...about,
    name,
    read(given, lines) {
      const text = given ?? about.default;
      return text === undefined ? undefined : kind.parse(text, lines);
    },
    show: (value) => (value === undefined ? '(not set)' : kind.show(value)),
  });
}

export function withDefault<T>(name: string, kind: Kind<T>, standard: string, about: About): SettingRow<T> {
  return complete({
    secret: false,
    ...about,
    name,
    default: standard,
    read: (given, lines) => kind.parse(given ?? standard, lines),
    show: (value) => kind.show(value),
  });
}

function complete<T>(row: Omit<SettingRow<T>, 'shown'>): SettingRow<T> {
  return { ...row, shown: (given, lines) => row.show(row.read(given, lines)) };
}

/** Comma-separated texts; none if nothing is given and there is no default. */
export function list(name: string, standard: string | undefined, about: About): SettingRow<string[]> {
  const row = optional(name, texts, { ...about, default: standard });
  return { ...row, read: (given, lines) => row.read(given, lines) ?? [] };
}
