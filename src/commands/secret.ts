import { randomBytes } from 'node:crypto';
import { OperationError } from '../operations/operation.ts';
import type { SecretsAsks } from '../operations/secrets.ts';
import { HANDSHAKE, prefixOf } from '../settings/rows.ts';
import { sources } from '../trackers/index.ts';
import { newSecret } from '../trackers/standard-webhooks.ts';
import type { Source } from '../trackers/tracker.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

export interface SecretOptions {
  show?: boolean;
  another?: boolean;
  forget?: boolean;
}

/** `secret [tracker]`: makes one and says where to put it; with an option, looks after those of handshakes. */
export async function secretCommand(name: string | undefined, options: SecretOptions): Promise<number> {
  const act = actOf(options);
  if (name === undefined && act === undefined)
    return print([...madeHere(undefined), '', 'Where to put it:', `  secret ${names().join(' | ')}`]);
  const source = sources.find((one) => one.name === name);
  if (source === undefined)
    throw new OperationError(
      `${name === undefined ? 'Name a tracker' : `${name} sends no webhooks here`}: ${names().join(', ')}.`,
    );
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
      `${source.title} offers no secret in a handshake: what is in ${variableOf(source)} is all there is.`,
    );
  return offered(source, act);
}

function actOf({ show, another, forget }: SecretOptions): SecretsAsks['act'] | undefined {
  return show ? 'show' : another ? 'another' : forget ? 'forget' : undefined;
}

async function offered(source: Source, act: SecretsAsks['act']): Promise<number> {
  const { name, title } = source;
  const { secrets, openUntil, forgotten } = await operate(operations.secrets, { source: name, act });
  switch (act) {
    case 'show':
      if (secrets.length === 0)
        throw new OperationError(
          `${title} has offered no secret yet. \`secret ${name}\` says how it comes to.`,
        );
      return print(secrets);
    case 'another':
      return print([
        `One more secret of ${title} is taken until ${openUntil}. Set up the webhook there now.`,
      ]);
    case 'forget':
      return print([
        `${forgotten} forgotten: webhooks that were signed with ${forgotten === 1 ? 'it' : 'them'} are refused from now on.`,
        `The next secret that ${title} offers is kept. Set up its webhook anew now.`,
      ]);
  }
}

/** Strong, and of the form that the source's signature needs; most take any text. */
function make(source: Source | undefined): string {
  return source?.secretPlace?.form === 'standard-webhooks' ? newSecret() : randomBytes(32).toString('hex');
}

function madeHere(source: Source | undefined): string[] {
  if (source === undefined) return [make(undefined)];
  return [
    make(source),
    '',
    `Here:  set it as ${variableOf(source)}, or in a file that ${variableOf(source)}_FILE names, and restart.`,
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
    `Here:  set the secret as ${variableOf(source)}, or in a file that ${variableOf(source)}_FILE names, and restart.`,
  ];
}

function shaken(source: Source): string[] {
  const { name, title, handshake } = source;
  return [
    `${title} makes the secret itself, and offers it in a handshake.`,
    '',
    `Here:  set ${variableOf(source)}=${HANDSHAKE} and restart: the first secret that is offered is kept.`,
    `There: set up the webhook with the address https://<your address>/webhooks/${name}`,
    ...(source.secretPlace?.steps ?? []).map((step) => `       ${step}`),
    `Then:  ${handshake?.next ?? ''}`,
    '',
    `  secret ${name} --show     prints what was offered`,
    `  secret ${name} --another  takes one more, for a further webhook`,
    `  secret ${name} --forget   forgets them, to begin anew`,
  ];
}

function variableOf({ name }: Source): string {
  return `${prefixOf(name)}_WEBHOOK_SECRET`;
}

function names(): string[] {
  return sources.map(({ name }) => name);
}

function print(lines: readonly string[]): number {
  console.log(lines.join('\n'));
  return 0;
}
