import { systemClock } from '../../clock.ts';
import { createHttp } from '../../http.ts';
import {
  areWell,
  type ConnectDeps,
  connectPlace,
  disconnectPlace,
  listPlace,
} from '../../operations/connect.ts';
import { OperationError } from '../../operations/operation.ts';
import type { Watch } from '../../operations/proof-by-change.ts';
import { restrictedSend } from '../../read-back/restricted-send.ts';
import { HANDSHAKE, prefixOf, secretVariable } from '../../settings/rows.ts';
import { addressesOf, readSettings, type Settings, SettingsError } from '../../settings/settings.ts';
import { sleep } from '../../sleep.ts';
import { printJson, printLines, warnLines } from '../../terminal.ts';
import type { Connecting, ConnectPlace } from '../../trackers/connecting.ts';
import { sources, trackerByName, trackers } from '../../trackers/index.ts';
import { TrackerAccessError } from '../../trackers/read-back.ts';
import type { Tracker } from '../../trackers/tracker.ts';
import { examineAll, printFindings } from '../doctor.ts';
import { settingsFile } from '../environment.ts';
import { MisusedError } from '../misused-error.ts';
import { operate } from '../operate.ts';
import { operations } from '../operations.ts';
import { isForPeople } from '../run-command.ts';
import { adminToken } from './admin-token.ts';
import { keepSecret } from './keep-secret.ts';

export interface ConnectOptions {
  tokenFile?: string;
  dryRun?: boolean;
  list?: boolean;
  json?: boolean;
  /** How long a change to a task is waited for, ms; absent: two minutes where there is a person, else not at all. */
  wait?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const USUAL_WAIT = 120_000;

/**
 * `connect <tracker> <place...>`: makes the webhook there by the tracker's API, or fixes the one that is there. The token
 * is for this command alone: nothing keeps or shows it. `shell`: the environment without what a file of settings adds.
 */
export async function connectCommand(
  name: string | undefined,
  places: readonly string[],
  options: ConnectOptions,
  shell: Environment,
): Promise<number> {
  if (options.list && places.length === 0)
    return listAll(name === undefined ? undefined : trackerNamed(name), options);
  if (name === undefined) throw new MisusedError(`Name a tracker: ${namesOf(trackers)}.`);
  const tracker = trackerNamed(name);
  const { connecting } = tracker;
  if (connecting === undefined) return steps(tracker, options);
  const settings = readSettings(process.env, ['publicUrl']);
  const address = addressAt(settings.publicUrl, tracker);
  const secrets = settings.webhookSecrets[tracker.name] ?? [];
  if (!options.list) refuseWithoutSecret(tracker, connecting, settings);
  const wanted = {
    address,
    secret: options.dryRun ? `(${secretVariable(name)})` : (secrets[0] ?? ''),
  };
  return eachPlace({ tracker, connecting, places, options, shell, secrets }, async (place, deps) => {
    if (options.list) {
      const webhooks = await listPlace(place, address, deps);
      return { isWell: areWell(webhooks), report: { webhooks } };
    }
    const result = await connectPlace(place, wanted, deps);
    return { isWell: result !== 'failed', report: { result } };
  });
}

function refuseWithoutSecret(
  { name, title }: Tracker,
  { secretOf }: Connecting,
  { webhookSecrets, handshakes }: Pick<Settings, 'webhookSecrets' | 'handshakes'>,
): void {
  const variable = secretVariable(name);
  if (secretOf === 'handshake' && !handshakes.includes(name))
    throw new SettingsError(
      [
        `${variable} has to be \`${HANDSHAKE}\`, or to have it beside other secrets: ${title} offers the secret of each webhook to the service. Set it, and restart the service`,
      ],
      [],
    );
  if (secretOf === undefined && webhookSecrets[name]?.[0] === undefined)
    throw new SettingsError(
      [
        `${variable} is missing: ${title} signs with it. Set a random text, as \`openssl rand -hex 32\` prints it`,
      ],
      [],
    );
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
  return eachPlace({ tracker, connecting, places, options, shell, secrets: [] }, async (place, deps) => {
    const removed = await disconnectPlace(place, addressAt(publicUrl, tracker), deps);
    return { isWell: true, report: { [options.dryRun ? 'shown' : 'removed']: removed } };
  });
}

interface Asked {
  tracker: Tracker;
  connecting: Connecting;
  places: readonly string[];
  options: ConnectOptions;
  shell: Environment;
  /** Those that the service takes. */
  secrets: readonly string[];
}

type Act = (place: ConnectPlace, deps: ConnectDeps) => Promise<{ isWell: boolean; report: object }>;

/** Does it at one place after another: what goes wrong at one is told, and stops nothing else. Returns the exit code. */
async function eachPlace(asked: Asked, act: Act): Promise<number> {
  const { tracker, connecting, places: named, options } = asked;
  const urls = addressesOf(tracker.name, process.env);
  if (urls.length === 0)
    throw new SettingsError(
      [
        `${prefixOf(tracker.name)}_URL is missing: it says where ${tracker.title} is, and where the token goes`,
      ],
      [],
    );
  const places = named.map((one) => {
    const place = connecting.place(one, urls);
    if (place === undefined)
      throw new MisusedError(
        `"${one}" is no place of ${tracker.title} at ${urls.join(', ')}: give ${connecting.places}.`,
      );
    return place;
  });
  if (places.length === 0) throw new MisusedError(`Name a place: ${connecting.places}.`);
  const token = await adminToken({ ...asked, urls, tokenFile: options.tokenFile });
  // Programs read what came of it, and people each step.
  const say = options.json ? warnLines : printLines;
  const remark = connecting.remark?.(token);
  if (remark !== undefined) say(remark);
  const http = createHttp();
  const deps = { ...depsFor(asked, say), token, send: restrictedSend(http, tracker.readBack ?? {}, urls) };
  const report: object[] = [];
  let code = 0;
  try {
    for (const place of places)
      try {
        const done = await act(place, deps);
        if (!done.isWell) code = 1;
        report.push({ place: place.title, ...done.report });
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        if (error instanceof TrackerAccessError) throw new OperationError(words);
        say(`!!  ${place.title}: ${words}`);
        report.push({ place: place.title, error: words });
        code = 1;
      }
  } finally {
    await http.close();
  }
  if (options.json) printJson({ tracker: tracker.name, places: report });
  return code;
}

function depsFor(
  { tracker, connecting: { secretOf }, options, secrets }: Asked,
  say: ConnectDeps['say'],
): Omit<ConnectDeps, 'token' | 'send'> {
  const within =
    options.wait ?? (process.stdin.isTTY === true && process.stdout.isTTY === true ? USUAL_WAIT : 0);
  return {
    ...{ secrets, secretOf, clock: systemClock, sleep, say },
    dryRun: options.dryRun === true,
    async openDoor() {
      await operate(operations.secrets, { source: tracker.name, act: 'another' });
    },
    keepSecret: (secret) => keepSecret(tracker, secret, process.env, settingsFile()),
    ...(within > 0 && { watch: watchOf(tracker.name, within) }),
  };
}

function watchOf(source: string, within: number): Watch {
  let first = true;
  return {
    within,
    async arrivals() {
      try {
        const found = await operate(operations.arrivals, { source, task: first }, { quiet: true });
        first = false;
        return found;
      } catch (error) {
        if (!isForPeople(error)) throw error;
        return error.message.split('\n').join(' ');
      }
    },
  };
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
function steps(tracker: Tracker, { json = false }: ConnectOptions): number {
  const { name, title, secretPlace } = tracker;
  const { publicUrl = 'https://<your address>' } = readSettings(process.env);
  const address = addressAt(publicUrl, tracker);
  const steps = secretPlace?.steps ?? ['Enter the secret of the webhook.'];
  if (json) {
    printJson({ tracker: name, byHand: { address, steps, secret: secretVariable(name) } });
    return 0;
  }
  printLines(
    `\`connect\` cannot make the webhook in ${title}: a person has to.`,
    '',
    `There: ${title}, address ${address}`,
    ...steps.map((step) => `       ${step}`),
    `Here:  \`secret ${name}\` says what to set as ${secretVariable(name)}.`,
    `More:  docs/trackers/${name}.md`,
  );
  return 0;
}

/** What the service's own tokens, and the deliveries that came, show of webhooks. */
async function listAll(only: Tracker | undefined, { json = false }: ConnectOptions): Promise<number> {
  const all = await examineAll();
  const isAsked = (about: string) =>
    only === undefined ? sources.some(({ name }) => name === about) : about === only.name;
  const found = all.filter(
    ({ about, state }) =>
      isAsked(about) || (state === 'trouble' && ['configuration', 'queue'].includes(about)),
  );
  if (json) printJson({ findings: found });
  else printFindings(found);
  if (found.length === 0 && !json) printLines('Nothing is connected: no webhook secret is set.');
  return found.some(({ state }) => state === 'trouble') ? 1 : 0;
}
