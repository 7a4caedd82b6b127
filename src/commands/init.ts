import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { systemClock } from '../clock.ts';
import { roleFindings } from '../doctor/incident-io.ts';
import { createClient, type IncidentIoClient } from '../incident-io/client.ts';
import { createPace } from '../incident-io/pace/pace.ts';
import { createLogger } from '../log.ts';
import { OperationError } from '../operations/operation.ts';
import { type SeenTrackers, seenTrackers } from '../operations/seen-trackers.ts';
import { namedEnvFile } from '../settings/env-file.ts';
import { envText } from '../settings/env-text.ts';
import { NotAllowed } from '../settings/kinds.ts';
import { HANDSHAKE, prefixOf, sourceRows } from '../settings/rows.ts';
import { readSettings, SettingsError } from '../settings/settings.ts';
import { createMemoryTables } from '../store/memory-tables.ts';
import { printLines } from '../terminal.ts';
import { trackerByName, trackers } from '../trackers/index.ts';
import type { Tracker } from '../trackers/tracker.ts';
import { askPublicUrl, type ConnectOffer, commandFor, offersFor, wished } from './connect/offer.ts';
import { loadEnvironment } from './environment.ts';
import { MisusedError } from './misused-error.ts';
import { newWebhookSecret } from './new-webhook-secret.ts';
import { createPrompt, type Prompt } from './prompt.ts';

export interface InitOptions {
  /** Trackers to set up; absent: those of the follow-ups that there are. */
  tracker?: readonly string[];
  /** Where queue and store live: the value for `QUEUE_URL`. */
  data?: string;
  /** `false`: the service may write at once. */
  dryRun?: boolean;
  /** The file to write. */
  file: string;
}

/** So many follow-ups show which trackers there are. */
const READ = 5_000;
const KEY = 'INCIDENT_IO_API_KEY';
const URL_ = 'INCIDENT_IO_API_URL';

/**
 * `init`: asks, checks and writes a file of settings, readable by its owner alone. What the file has already is kept as
 * it is, so that it can be run again to add a tracker. The key comes from the terminal or the environment.
 */
export async function initCommand(options: InitOptions): Promise<number> {
  for (const name of options.tracker ?? [])
    if (trackerByName(name) === undefined)
      throw new MisusedError(
        `There is no tracker "${name}": give one of ${trackers.map((one) => one.name).join(', ')}.`,
      );
  const path = resolve(options.file);
  const before = await textOf(path);
  const had = parseEnv(before ?? '');
  // A file that lies there already must not say where the shell's key is sent.
  const problems = before === undefined ? [] : namedEnvFile(path, process.env).problems;
  if (problems.length > 0) throw new SettingsError(problems, []);
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const prompt = createPrompt(isTerminal);
  const shell = { ...process.env };
  let offers: ConnectOffer[] = [];
  let now: ConnectOffer[] = [];
  const added = new Map<string, string | undefined>();
  const has = (name: string) => (had[name] ?? '') !== '' || (had[`${name}_FILE`] ?? '') !== '';
  const add = (name: string, value: string | undefined) => {
    if (!has(name) && !(value === undefined && name in had)) added.set(name, value);
  };
  try {
    const env = { ...had, ...withoutEmpty(process.env) };
    const { client, key, url } = await clientOf(env, prompt);
    try {
      add(KEY, key);
      if (url !== undefined) add(URL_, url);
      const seen = await seenTrackers(client, READ);
      printLines('', ...seenInWords(seen));
      const trackersToTake = await chosen(options, seen, prompt);
      offers = offersFor(trackersToTake, seen);
      for (const tracker of trackersToTake) {
        const secret = `${prefixOf(tracker.name)}_WEBHOOK_SECRET`;
        if (has(secret)) printLines(`${tracker.title} is set up already: ${secret} stays as it is.`);
        else add(secret, await secretOf(tracker, prompt));
        const token = `${prefixOf(tracker.name)}_API_TOKEN`;
        if (tracker.readBack !== undefined && !has(token)) {
          const given = await apiToken(tracker, prompt);
          if (given !== undefined || tracker.needsToken) add(token, given);
          const address = `${prefixOf(tracker.name)}_URL`;
          // The token is sent there alone.
          if (given !== undefined && tracker.readBack.defaultUrl === undefined && !has(address))
            add(address, await addressOf(tracker, seen, prompt));
        }
      }
    } finally {
      await client.close();
    }
    if (!has('QUEUE_URL') && !has('REDIS_URL'))
      add(
        'QUEUE_URL',
        options.data ??
          (await prompt.text('Where queue and store live: a folder, redis://… or postgres://…', {
            flag: '--data',
            default: '.incident-closer',
          })),
      );
    if (
      !has('DRY_RUN') &&
      (options.dryRun ??
        (await prompt.yes('Begin with a dry run, which writes nothing to incident.io?', true)))
    )
      add('DRY_RUN', 'true');
    if (isTerminal && offers.length > 0) {
      const publicUrl = had.PUBLIC_URL || process.env.PUBLIC_URL || (await askPublicUrl(prompt));
      if (publicUrl !== undefined) {
        add('PUBLIC_URL', publicUrl);
        now = await wished(offers, prompt);
      }
    }
  } finally {
    prompt.close();
  }
  if (added.size === 0) printLines('', `${path} has all of it already: nothing was changed.`);
  else {
    await write(path, before, added);
    printLines('', ...next(path, before !== undefined, added, offers));
  }
  return now.length === 0 ? 0 : connect(now, path, shell);
}

/** Makes webhooks with the settings that were just written. Nothing runs yet that could answer them. */
async function connect(now: readonly ConnectOffer[], path: string, env: NodeJS.ProcessEnv): Promise<number> {
  const { connectCommand } = await import('./connect/connect.ts');
  // What the shell said and the file says now comes from the file: a secret and its address come from one place.
  for (const [name, value] of Object.entries(parseEnv((await textOf(path)) ?? '')))
    if (process.env[name] === value) delete process.env[name];
  loadEnvironment(path);
  let code = 0;
  for (const { tracker, places } of now) {
    printLines('', `${tracker.title}:`);
    code = Math.max(code, await connectCommand(tracker.name, places, { wait: 0 }, env));
  }
  return code;
}

/** One that the settings allow; undefined: none. */
async function apiToken({ name, title, needsToken }: Tracker, prompt: Prompt): Promise<string | undefined> {
  const row = sourceRows.find((one) => one.name === name)?.access?.token;
  for (;;) {
    const given = await prompt.secret(
      `API token of ${title}, with which states are read as well (empty: none${needsToken ? ', but its webhooks tell no state' : ''})`,
    );
    try {
      row?.read(given);
      return given;
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      printLines(`That is none: give ${error.message}.`);
    }
  }
}

async function addressOf({ title, name }: Tracker, seen: SeenTrackers, prompt: Prompt): Promise<string> {
  const [site] = seen.places.get(name) ?? [];
  // A place of Jira is its site.
  const usual = site === undefined ? undefined : `https://${site}`;
  return prompt.text(`Where ${title} is, as https://…`, {
    flag: `${prefixOf(name)}_URL`,
    ...(usual !== undefined && { default: usual }),
  });
}

/** A client with a key that works. At a terminal it is asked for until one does. */
async function clientOf(
  env: Record<string, string | undefined>,
  prompt: Prompt,
): Promise<{ client: IncidentIoClient; key: string; url: string | undefined }> {
  const url = env[URL_];
  for (let given = readSettings(only(env, [KEY, `${KEY}_FILE`, URL_])).apiKey; ; given = undefined) {
    const key =
      given ??
      (await prompt.secret(`API key of incident.io (Settings > API keys; its roles are checked now)`));
    if (key === undefined) throw new MisusedError(`There is no terminal to ask: set ${KEY} or ${KEY}_FILE.`);
    const baseUrl = readSettings(only(env, [URL_])).apiUrl;
    const pace = createPace(createMemoryTables(), systemClock);
    const client = createClient({
      ...{ baseUrl, apiKey: key, pace },
      notifyIncidentChannel: false,
      log: createLogger('silent'),
    });
    try {
      const { name, roles, dashboardUrl } = await client.identity();
      for (const { state, words } of roleFindings(name, roles, dashboardUrl, { dryRun: false }))
        printLines(`${state === 'ok' ? 'ok' : '!!'}  ${words}`);
      return { client, key, url };
    } catch (error) {
      await client.close();
      const words = error instanceof Error ? error.message : String(error);
      if (given !== undefined || process.stdin.isTTY !== true) throw new OperationError(words);
      printLines(`!!  ${words}`);
    }
  }
}

function seenInWords({ counts, elsewhere, without, isPart }: SeenTrackers): string[] {
  const parts = [...counts].map(([name, count]) => `${count} in ${trackerByName(name)?.title ?? name}`);
  if (elsewhere > 0) parts.push(`${elsewhere} elsewhere`);
  if (without > 0) parts.push(`${without} with no issue`);
  if (parts.length === 0) return ['There are no follow-ups yet.'];
  return [`Follow-ups${isPart ? ` (of the first ${READ})` : ''}: ${parts.join(', ')}.`];
}

/** The trackers to set up: those that were named, else those seen, else those that the person names. */
async function chosen(options: InitOptions, { counts }: SeenTrackers, prompt: Prompt): Promise<Tracker[]> {
  const usual = options.tracker ?? [...counts.keys()];
  for (;;) {
    const names =
      options.tracker ??
      (
        await prompt.text(`Trackers to take webhooks from (${trackers.map(({ name }) => name).join(', ')})`, {
          flag: '--tracker',
          ...(usual.length > 0 && { default: usual.join(', ') }),
        })
      )
        .split(/[\s,]+/)
        .filter(Boolean);
    const found = [...new Set(names)].map((name) => trackerByName(name));
    const known = found.filter((one) => one !== undefined);
    if (known.length === found.length) return known;
    printLines('There is no such tracker among them. Names with commas between them, please.');
  }
}

async function secretOf(tracker: Tracker, prompt: Prompt): Promise<string | undefined> {
  if (tracker.handshake !== undefined) return HANDSHAKE;
  if (tracker.secretPlace?.madeBy !== 'sender') return newWebhookSecret(tracker);
  printLines(...(tracker.secretPlace.steps ?? []).map((step) => `    ${step}`));
  return prompt.secret(`Secret that ${tracker.title} made for its webhook (empty: later)`);
}

async function write(
  path: string,
  before: string | undefined,
  added: ReadonlyMap<string, string | undefined>,
): Promise<void> {
  const text = envText(added);
  if (before === undefined)
    return writeFile(path, `# Settings of incident-closer, made by \`init\`.\n\n${text}`, {
      mode: 0o600,
      flag: 'wx',
    });
  return appendFile(path, `${before.endsWith('\n') ? '' : '\n'}\n# Added by \`init\`.\n\n${text}`);
}

function next(
  path: string,
  isMore: boolean,
  added: ReadonlyMap<string, string | undefined>,
  offers: readonly ConnectOffer[],
): string[] {
  const empty = [...added].filter(([, value]) => value === undefined).map(([name]) => name);
  const isUsual = path === resolve('.env');
  const command = (rest: string) => `  incident-closer ${isUsual ? '' : `--env-file ${path} `}${rest}`;
  return [
    `${isMore ? 'Added to' : 'Written to'} ${path}: ${[...added.keys()].join(', ')}.`,
    ...(empty.length > 0 ? [`Still to be filled in there: ${empty.join(', ')}.`] : []),
    ...(added.get('DRY_RUN') === 'true'
      ? ['It is a dry run: nothing is written to incident.io until DRY_RUN is taken away.']
      : []),
    '',
    'Next:',
    command('doctor           checks that all of it works'),
    command('start            receives webhooks and works'),
    command('check --all      what would be closed now'),
    ...(offers.length === 0
      ? []
      : [
          '',
          `While it runs${added.has('PUBLIC_URL') ? '' : ', with PUBLIC_URL set to where trackers reach it'}, these make the webhooks and say whether deliveries arrive:`,
          ...offers.map((offer) => command(commandFor(offer))),
        ]),
  ];
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    throw new OperationError(`${path} cannot be read (${String(code)}).`);
  }
}

function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function only(env: Record<string, string | undefined>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
