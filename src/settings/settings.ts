import { idleAnnouncements } from './announcements.ts';
import { NotAllowed } from './kinds.ts';
import { missingTokens } from './missing-tokens.ts';
import { nearMisses } from './near-misses.ts';
import { incompleteEmail } from './notifications.ts';
import { idlePeople, peopleProblems } from './people.ts';
import type { SettingRow } from './row.ts';
import { allRows, HANDSHAKE, rows, sourceRows } from './rows.ts';
import { idleSettings, unusedSettings } from './unused.ts';
import { type Environment, readVariable } from './variable.ts';

type Values = { [K in keyof typeof rows]: (typeof rows)[K] extends SettingRow<infer T> ? T : never };
export type SettingName = keyof Values;

/** What is in force. Durations are in milliseconds. */
export interface Settings extends Values {
  /** The webhook secrets of the sources that have any, by the source's name; none if a handshake provides it. */
  webhookSecrets: Record<string, string[]>;
  /** The sources whose secret may also come from a handshake. */
  handshakes: string[];
  /** The trackers' own options that are set or have a default, by the tracker's name. */
  trackerOptions: Record<string, Record<string, string[]>>;
  /** How to reach the trackers with an API token, by the tracker's name. */
  trackerAccess: Record<string, TrackerAccess>;
  /** What looks like a mistake but does not stop anything. */
  warnings: string[];
}

export interface TrackerAccess {
  token: string;
  /** Base addresses without a trailing slash: the token is sent only to these. */
  urls: string[];
}

/** Everything wrong with the settings, worded for whoever sets them. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  constructor(problems: readonly string[], warnings: readonly string[]) {
    const lines = [...problems, ...warnings].map((line) => `  - ${line}`);
    super(`The settings need attention:\n${lines.join('\n')}`);
    this.problems = problems;
    this.warnings = warnings;
  }
}

const byName: { readonly [K in SettingName]: SettingRow<Values[K]> } = rows;

/** Reads all settings, or throws one `SettingsError` that lists every problem. `required` ones are never undefined. */
export function readSettings<R extends SettingName = never>(
  env: Environment,
  required: readonly R[] = [],
): Settings & { [K in R]: NonNullable<Values[K]> } {
  const problems: string[] = [];
  const read = <T>(row: SettingRow<T>): { value: T } | undefined => {
    const found = readVariable(row, env);
    if (found !== undefined && 'problem' in found) {
      problems.push(found.problem);
      return undefined;
    }
    try {
      return { value: row.read(found?.text, found?.lines) };
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      const shown = row.secret ? 'has a value that is not allowed' : `is "${found?.text}"`;
      problems.push(`${found?.from ?? row.name} ${shown}: give ${error.message}`);
      return undefined;
    }
  };

  const values: Partial<Values> = {};
  const readInto = <K extends SettingName>(name: K): void => {
    const result = read(byName[name]);
    if (result !== undefined) values[name] = result.value;
  };
  for (const name of settingNames) readInto(name);

  const ofSources: Pick<Settings, 'webhookSecrets' | 'handshakes' | 'trackerOptions' | 'trackerAccess'> = {
    webhookSecrets: {},
    handshakes: [],
    trackerOptions: {},
    trackerAccess: {},
  };
  for (const { name, secrets, shakesHands, access, options } of sourceRows) {
    const found = read(secrets)?.value;
    // The word itself is no secret: with it anybody could sign.
    const isWord = (secret: string) => secret.toLowerCase() === HANDSHAKE;
    if (!shakesHands && found?.some(isWord))
      problems.push(
        `${secrets.name} is the word \`${HANDSHAKE}\`, which means nothing there: no secret is offered to /webhooks/${name}. Set a secret; the command \`secret ${name}\` says which`,
      );
    if (found !== undefined) ofSources.webhookSecrets[name] = found.filter((secret) => !isWord(secret));
    if (found?.some(isWord)) ofSources.handshakes.push(name);
    for (const [option, row] of options) {
      const set = read(row)?.value ?? [];
      // If nothing is set, the tracker's own default applies.
      if (set.length > 0)
        ofSources.trackerOptions[name] = { ...ofSources.trackerOptions[name], [option]: set };
    }
    const token = access && read(access.token)?.value;
    const urls = access && read(access.urls)?.value;
    if (token !== undefined && urls !== undefined) ofSources.trackerAccess[name] = { token, urls };
    if (
      token !== undefined &&
      access !== undefined &&
      readVariable(access.urls, env) === undefined &&
      urls === undefined
    )
      problems.push(`${access.urls.name} is missing: the token in ${access.token.name} is sent there alone`);
  }

  if (values.outgoingWebhookUrl !== undefined && readVariable(rows.outgoingWebhookSecret, env) === undefined)
    problems.push(
      'OUTGOING_WEBHOOK_SECRET is missing: what is sent to OUTGOING_WEBHOOK_URL is signed with it. The command `secret` makes one',
    );

  problems.push(...peopleProblems(values, env));
  // What could not be read was told already.
  if (problems.length === 0) problems.push(...incompleteEmail(values));

  const misses = [...nearMisses(Object.keys(env), knownNames(), [...SAFETY])];
  const warnings: string[] = [];
  for (const [name, ours] of misses) {
    const words = `${name} is no setting of incident-closer: did you mean ${ours}?`;
    // Without it the service would do what somebody meant to prevent.
    if (SAFETY.has(ours)) problems.push(`${words} Rename or remove it`);
    else warnings.push(words);
  }
  warnings.push(...unusedSettings(env));
  for (const name of required) {
    const row = byName[name];
    if (readVariable(row, env) !== undefined || values[name] !== undefined) continue;
    problems.push(`${row.name} is missing: ${plain(row.doc)}`);
  }
  if (problems.length > 0 || !isComplete(values, required)) throw new SettingsError(problems, warnings);
  const settings = { ...values, ...ofSources };
  return {
    ...settings,
    warnings: [
      ...warnings,
      ...missingTokens(settings),
      ...idleAnnouncements(settings),
      ...idleSettings(settings, env),
      ...idlePeople(env),
    ],
  };
}

/** Where a tracker is, with or without an API token for it. Throws like `readSettings`, which says more. */
export function addressesOf(tracker: string, env: Environment): readonly string[] {
  const row = sourceRows.find(({ name }) => name === tracker)?.access?.urls;
  const found = row && readVariable(row, env);
  return (found && 'problem' in found ? undefined : row?.read(found?.text, found?.lines)) ?? [];
}

/** Removes the secrets from the environment that was read: Node writes the rest into its diagnostic reports. */
export function forgetSecrets(env: Record<string, string | undefined>): void {
  for (const { name, otherName, secret } of allRows) {
    if (!secret) continue;
    delete env[name];
    if (otherName !== undefined) delete env[otherName];
  }
}

/** What is in force by variable, secrets masked: for the log and for `config`. */
export function describeSettings(settings: Settings): Record<string, string> {
  const shown: Record<string, string> = {};
  const show = <K extends SettingName>(name: K): void => {
    const value: Values[K] = settings[name];
    shown[byName[name].name] = byName[name].show(value);
  };
  for (const name of settingNames) show(name);
  for (const { name, secrets, access, options } of sourceRows) {
    const own = settings.webhookSecrets[name];
    const parts = own?.length === 0 ? [] : [secrets.show(own)];
    shown[secrets.name] = [...parts, ...(settings.handshakes.includes(name) ? [HANDSHAKE] : [])].join(', ');
    for (const [option, row] of options)
      shown[row.name] = row.show(settings.trackerOptions[name]?.[option] ?? []);
    if (access === undefined) continue;
    shown[access.token.name] = access.token.show(settings.trackerAccess[name]?.token);
    shown[access.urls.name] = access.urls.show(settings.trackerAccess[name]?.urls);
  }
  return shown;
}

/** Settings that keep the service from doing something. */
const SAFETY: ReadonlySet<string> = new Set(allRows.filter(({ safety }) => safety).map(({ name }) => name));

const settingNames = Object.keys(rows).filter((name): name is SettingName => name in rows);

function knownNames(): string[] {
  const names = allRows.flatMap((row) => [row, ...(row.otherName ? [{ ...row, name: row.otherName }] : [])]);
  return names.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
}

function isComplete<R extends SettingName>(
  values: Partial<Values>,
  required: readonly R[],
): values is Values & { [K in R]: NonNullable<Values[K]> } {
  return settingNames.every((name) => name in values) && required.every((name) => values[name] !== undefined);
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}
