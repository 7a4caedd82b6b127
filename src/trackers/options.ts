/** A setting of one tracker: the variable is its name after the tracker's, as in `JIRA_DECLINED`. Comma-separated. */
export interface TrackerOption {
  name: string;
  /** One line of Markdown for docs/settings.md. */
  doc: string;
  default?: string;
}

/** The configured options of a tracker, by name; the default if not set. */
export type TrackerOptions = Readonly<Record<string, readonly string[]>>;
