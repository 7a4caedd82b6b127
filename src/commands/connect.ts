import { readFile } from 'node:fs/promises';
import { systemClock } from '../clock.ts';
import { createHttp } from '../http.ts';
import { type ConnectDeps, connectPlace, disconnectPlace, listPlace } from '../operations/connect.ts';
import { OperationError } from '../operations/operation.ts';
import { guarded } from '../read-back/guarded.ts';
import { prefixOf, secretVariable } from '../settings/rows.ts';
import { addressesOf, readSettings, SettingsError } from '../settings/settings.ts';
import { sleep } from '../sleep.ts';
import { printLines } from '../terminal.ts';
import type { Connecting, ConnectPlace } from '../trackers/connecting.ts';
import { sources, trackerByName, trackers } from '../trackers/index.ts';
import { TrackerAccessError } from '../trackers/read-back.ts';
import type { Tracker } from '../trackers/tracker.ts';
import { createAsker } from './asker.ts';
import { lookAtAll, printFindings } from './doctor.ts';
import { MisusedError } from './misused-error.ts';

export interface ConnectOptions {
  tokenFile?: string;
  dryRun?: boolean;
  list?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const TOKEN = 'CONNECT_TOKEN';

/**
 * `connect <tracker> <place...>`: makes the webhook there by the tracker's API, or mends the one that is there. The token
 * is for this command alone: nothing keeps or shows it. `shell`: the environment without what a file of settings adds.
 */
export async function connectCommand(
  name: string | undefined,
  places: readonly string[],
  options: ConnectOptions,
  shell: Environment,
): Promise<number> {
  if (options.list && places.length === 0)
    return listAll(name === undefined ? undefined : trackerNamed(name));
  if (name === undefined) throw new MisusedError(`Name a tracker: ${namesOf(trackers)}.`);
  const tracker = trackerNamed(name);
  const { connecting } = tracker;
  if (connecting === undefined) return steps(tracker);
  const { publicUrl, webhookSecrets } = readSettings(process.env, ['publicUrl']);
  const address = addressAt(publicUrl, tracker);
  const secret = webhookSecrets[tracker.name]?.[0];
  if (secret === undefined && !options.list)
    throw new SettingsError(
      [
        `${secretVariable(name)} is missing: ${tracker.title} signs with it. Set a random text, as \`openssl rand -hex 32\` prints it`,
      ],
      [],
    );
  const wanted = { address, secret: options.dryRun ? `(${secretVariable(name)})` : (secret ?? '') };
  return eachPlace({ tracker, connecting, places, options, shell }, async (place, deps) => {
    if (options.list) return listPlace(place, address, deps);
    return (await connectPlace(place, wanted, deps)) !== 'failed';
  });
}

/** `disconnect <tracker> <place...>`: removes what `connect` made. */
export async function disconnectCommand(
  name: string,
  places: readonly string[],
  options: ConnectOptions,
  shell: Environment,
): Promise<number> {
  const tracker = trackerNamed(name);
  const { connecting } = tracker;
  if (connecting === undefined)
    throw new OperationError(
      `The API of ${tracker.title} removes no webhook for us: remove it where it was made.`,
    );
  const { publicUrl } = readSettings(process.env, ['publicUrl']);
  return eachPlace({ tracker, connecting, places, options, shell }, async (place, deps) => {
    await disconnectPlace(place, addressAt(publicUrl, tracker), deps);
    return true;
  });
}

interface Asked {
  tracker: Tracker;
  connecting: Connecting;
  places: readonly string[];
  options: ConnectOptions;
  shell: Environment;
}

/** Does it at one place after another: what goes wrong at one is told, and stops nothing else. Returns the exit code. */
async function eachPlace(
  { tracker, connecting, places: named, options, shell }: Asked,
  act: (place: ConnectPlace, deps: ConnectDeps) => Promise<boolean>,
): Promise<number> {
  const urls = addressesOf(tracker.name, process.env);
  const places = named.map((one) => {
    const place = connecting.place(one, urls);
    if (place === undefined)
      throw new MisusedError(
        `"${one}" is no place of ${tracker.title} at ${urls.join(', ')}: give ${connecting.places}.`,
      );
    return place;
  });
  if (places.length === 0) throw new MisusedError(`Name a place: ${connecting.places}.`);
  const token = await tokenFor(tracker, connecting, urls, options, shell);
  const remark = connecting.remark?.(token);
  if (remark !== undefined) printLines(remark);
  const http = createHttp();
  const deps: ConnectDeps = {
    ...{ token, clock: systemClock, sleep, dryRun: options.dryRun === true, say: printLines },
    send: guarded(http, tracker.readBack ?? {}, urls),
  };
  let code = 0;
  try {
    for (const place of places)
      try {
        if (!(await act(place, deps))) code = 1;
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        if (error instanceof TrackerAccessError) throw new OperationError(words);
        printLines(`!!  ${place.title}: ${words}`);
        code = 1;
      }
  } finally {
    await http.close();
  }
  return code;
}

/** Of a file of settings it is never taken: it would stay there, and go to every command. */
async function tokenFor(
  { name, title }: Tracker,
  { needs }: Connecting,
  urls: readonly string[],
  { tokenFile }: ConnectOptions,
  shell: Environment,
): Promise<string> {
  const address = `${prefixOf(name)}_URL`;
  delete process.env[TOKEN];
  const given = shell[TOKEN]?.trim();
  if (tokenFile !== undefined) return plain(await textOf(tokenFile), `--token-file ${tokenFile}`);
  if (given) {
    if (!shell[address]?.trim() && process.env[address]?.trim())
      throw new SettingsError(
        [
          `${TOKEN} comes from the environment, and ${address}, where it is sent, from a file: give the token in a file, by --token-file, or at the terminal`,
        ],
        [],
      );
    return plain(given, TOKEN);
  }
  const asker = createAsker(process.stdin.isTTY === true && process.stdout.isTTY === true);
  try {
    const typed = await asker.secret(
      `Token of ${title} for this command alone, sent to ${urls.join(', ')} and kept nowhere (it needs ${needs})`,
    );
    if (typed !== undefined) return plain(typed, 'the token');
  } finally {
    asker.close();
  }
  throw new MisusedError(`No token: give --token-file or ${TOKEN}. It needs ${needs}.`);
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MisusedError(`--token-file ${file} cannot be read (${code}).`);
  }
}

/** It becomes a header. */
function plain(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new MisusedError(`${from}: give one line without blanks, as it was copied.`);
}

function trackerNamed(name: string): Tracker {
  const tracker = trackerByName(name);
  if (tracker === undefined)
    throw new MisusedError(`There is no tracker "${name}": give one of ${namesOf(trackers)}.`);
  return tracker;
}

function namesOf(all: readonly { name: string }[]): string {
  return all.map(({ name }) => name).join(', ');
}

function addressAt(publicUrl: string, { name }: Pick<Tracker, 'name'>): string {
  return `${publicUrl}/webhooks/${name}`;
}

/** For trackers whose webhooks a person has to make. */
function steps(tracker: Tracker): number {
  const { name, title, secretPlace } = tracker;
  const { publicUrl = 'https://<your address>' } = readSettings(process.env);
  printLines(
    `\`connect\` cannot make the webhook in ${title}: a person has to.`,
    '',
    `There: ${title}, address ${addressAt(publicUrl, tracker)}`,
    ...(secretPlace?.steps ?? ['Enter the secret of the webhook.']).map((step) => `       ${step}`),
    `Here:  \`secret ${name}\` says what to set as ${secretVariable(name)}.`,
    `More:  docs/trackers/${name}.md`,
  );
  return 0;
}

/** What the service's own tokens, and the deliveries that came, show of webhooks. */
async function listAll(only: Tracker | undefined): Promise<number> {
  const all = await lookAtAll();
  const isAsked = (about: string) =>
    only === undefined ? sources.some(({ name }) => name === about) : about === only.name;
  const found = all.filter(
    ({ about, state }) =>
      isAsked(about) || (state === 'trouble' && ['configuration', 'queue'].includes(about)),
  );
  printFindings(found);
  if (found.length === 0) printLines('Nothing is connected: no webhook secret is set.');
  return found.some(({ state }) => state === 'trouble') ? 1 : 0;
}
