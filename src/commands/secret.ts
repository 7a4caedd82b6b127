import { formatIso } from '../format-time.ts';
import { OperationError } from '../operations/operation.ts';
import type { SecretsAsks } from '../operations/secrets.ts';
import { HANDSHAKE, secretVariable } from '../settings/rows.ts';
import { printJson, printLines } from '../terminal.ts';
import { sources } from '../trackers/index.ts';
import type { Source } from '../trackers/tracker.ts';
import { MisusedError } from './misused-error.ts';
import { newWebhookSecret } from './new-webhook-secret.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

export interface SecretOptions {
  show?: boolean;
  another?: boolean;
  forget?: boolean;
  json?: boolean;
}

/** `secret [tracker]`: generates one and says where to put it; with an option, manages those of handshakes. */
export async function secretCommand(name: string | undefined, options: SecretOptions): Promise<number> {
  const act = actOf(options);
  if (name === undefined && act === undefined && options.json)
    return printObject({ secret: newWebhookSecret(undefined) });
  if (name === undefined && act === undefined)
    return print([...madeHere(undefined), '', 'Where to put it:', `  secret ${names().join(' | ')}`]);
  const source = sources.find((one) => one.name === name);
  if (source === undefined)
    throw new MisusedError(
      `${name === undefined ? 'Name a tracker' : `${name} sends no webhooks here`}: ${names().join(', ')}.`,
    );
  if (act === undefined && options.json) return printObject(described(source));
  if (act === undefined)
    return print(
      source.handshake
        ? shaken(source)
        : source.secretPlace?.madeBy === 'sender'
          ? madeThere(source)
          : madeHere(source),
    );
  if (source.handshake === undefined)
    throw new OperationError(
      `${source.title} offers no secret in a handshake: what is in ${secretVariable(source.name)} is all there is.`,
    );
  return offered(source, act, options);
}

/** What is set here and there. */
function described(source: Source): object {
  const { name, title, handshake, secretPlace } = source;
  const madeBy = handshake ? HANDSHAKE : (secretPlace?.madeBy ?? 'us');
  return {
    ...{ source: name, title, variable: secretVariable(name), madeBy },
    ...(madeBy === 'us' && { secret: newWebhookSecret(source) }),
    ...(madeBy === HANDSHAKE && { secret: HANDSHAKE }),
    ...{ path: `/webhooks/${name}`, steps: secretPlace?.steps ?? [] },
  };
}

function actOf({ show, another, forget }: SecretOptions): SecretsAsks['act'] | undefined {
  return show ? 'show' : another ? 'another' : forget ? 'forget' : undefined;
}

async function offered(source: Source, act: SecretsAsks['act'], { json }: SecretOptions): Promise<number> {
  const { name, title } = source;
  const result = await operate(operations.secrets, { source: name, act });
  const { secrets, openUntil, forgotten } = result;
  if (json) return printObject({ source: name, ...result });
  const until = openUntil === undefined ? '' : formatIso(openUntil);
  switch (act) {
    case 'show':
      if (secrets.length === 0)
        throw new OperationError(
          `${title} has offered no secret yet. \`secret ${name}\` says how it comes to.`,
        );
      return print(secrets);
    case 'another':
      return print([`One more secret of ${title} is taken until ${until}. Set up the webhook there now.`]);
    case 'forget':
      return print([
        `${forgotten} forgotten: webhooks that were signed with ${forgotten === 1 ? 'it' : 'them'} are refused from now on.`,
        `The next secret that ${title} offers is kept, until ${until}. Set up its webhook again now.`,
      ]);
  }
}

function madeHere(source: Source | undefined): string[] {
  if (source === undefined) return [newWebhookSecret(undefined)];
  return [
    newWebhookSecret(source),
    '',
    `Here:  set it as ${secretVariable(source.name)}, or in a file that ${secretVariable(source.name)}_FILE names, and restart.`,
    `There: ${source.title}, address https://<your address>/webhooks/${source.name}`,
    ...(source.secretPlace?.steps ?? ['Enter it as the secret of the webhook.']).map(
      (step) => `       ${step}`,
    ),
  ];
}

function madeThere(source: Source): string[] {
  return [
    `${source.title}: the secret is made there, and shown to you.`,
    '',
    `There: set up the webhook with the address https://<your address>/webhooks/${source.name}`,
    ...(source.secretPlace?.steps ?? []).map((step) => `       ${step}`),
    `Here:  set the secret as ${secretVariable(source.name)}, or in a file that ${secretVariable(source.name)}_FILE names, and restart.`,
  ];
}

function shaken(source: Source): string[] {
  const { name, title, handshake } = source;
  return [
    `${title} makes the secret itself, and offers it in a handshake.`,
    '',
    `Here:  set ${secretVariable(source.name)}=${HANDSHAKE} and restart: the first secret that is offered within an hour of that is kept.`,
    `There: set up the webhook with the address https://<your address>/webhooks/${name}`,
    ...(source.secretPlace?.steps ?? []).map((step) => `       ${step}`),
    `Then:  ${handshake?.next ?? ''}`,
    '',
    `  secret ${name} --show     prints what was offered`,
    `  secret ${name} --another  takes one more, for a further webhook`,
    `  secret ${name} --forget   forgets them, to start over`,
  ];
}

function names(): string[] {
  return sources.map(({ name }) => name);
}

function printObject(value: object): number {
  printJson(value);
  return 0;
}

function print(lines: readonly string[]): number {
  printLines(...lines);
  return 0;
}
