/** Makes, mends and removes webhooks in trackers, and sees whether their deliveries arrive. Says each step. */
import type { Clock } from '../clock.ts';
import type {
  AdminAccess,
  ConnectPlace,
  FoundHook,
  HookProof,
  RecordedDelivery,
  Wanted,
} from '../trackers/connecting.ts';
import type { Access } from '../trackers/read-back.ts';

export interface ConnectDeps {
  token: string;
  /** To the tracker's API alone. */
  send: Access['send'];
  clock: Clock;
  sleep(ms: number): Promise<void>;
  /** What is not sent is shown. */
  dryRun: boolean;
  say(...lines: string[]): void;
}

/** `unproven`: nothing there can show a delivery. `failed`: one was not accepted, or none was seen. */
export type Connected = 'proven' | 'unproven' | 'failed' | 'shown';

/** How long a delivery may take to appear in the tracker's record, and how often that is read, ms. */
const WITHIN = 30_000;
const EVERY = 1_000;
/** The same where there may be none. */
const WITHIN_IF_ANY = 5_000;

/** The webhook at this address is made, or given what is wanted if it is there, and then proven. */
export async function connectPlace(
  place: ConnectPlace,
  wanted: Wanted,
  deps: ConnectDeps,
): Promise<Connected> {
  const access = accessOf(deps, wanted);
  const [hook, ...others] = await place.find(wanted.address, access);
  for (const { id } of others)
    deps.say(
      `Webhook ${id} of ${place.title} leads to the same address, and is left as it is: \`disconnect\` removes all of them.`,
    );
  return hook === undefined
    ? madeAnew(place, wanted, access, deps)
    : mended(place, hook, wanted, access, deps);
}

async function madeAnew(
  place: ConnectPlace,
  wanted: Wanted,
  access: AdminAccess,
  deps: ConnectDeps,
): Promise<Connected> {
  const id = await sent(() => place.make(wanted, access));
  if (id === SHOWN) return SHOWN;
  deps.say(`Made webhook ${id} of ${place.title}, which leads to ${wanted.address}.`);
  const { proof } = place;
  const why = typeof proof === 'string' || proof.isSentWhenMade ? undefined : await proof.ping(id, access);
  return proven(place, { id, known: new Set(), why }, access, deps);
}

async function mended(
  place: ConnectPlace,
  { id, faults }: FoundHook,
  wanted: Wanted,
  access: AdminAccess,
  deps: ConnectDeps,
): Promise<Connected> {
  const lacks = faults.length > 0 ? `: ${faults.join('; ')}` : '';
  deps.say(`Webhook ${id} of ${place.title} leads to ${wanted.address} already${lacks}.`);
  const { proof } = place;
  const before = typeof proof === 'string' ? [] : await proof.recorded(id, access);
  const isSent = (await sent(() => place.mend(id, wanted, access))) !== SHOWN;
  if (isSent)
    deps.say(
      `${faults.length > 0 ? 'Mended it, and set its' : 'Set its'} secret to the first one of the settings.`,
    );
  const why = typeof proof === 'string' ? undefined : await sent(() => proof.ping(id, access));
  if (!isSent) return SHOWN;
  const known = typeof before === 'string' ? [] : before.map((one) => one.id);
  return proven(place, { id, known: new Set(known), why }, access, deps);
}

interface Sought {
  id: string;
  /** The deliveries that were recorded before. */
  known: ReadonlySet<string>;
  /** Why there may be none. */
  why: string | undefined;
}

async function proven(
  { proof }: ConnectPlace,
  sought: Sought,
  access: AdminAccess,
  deps: ConnectDeps,
): Promise<Connected> {
  if (typeof proof === 'string') {
    deps.say(`Unproven: ${proof}`);
    return 'unproven';
  }
  const seen = await firstNew(proof, sought, access, deps);
  if (typeof seen === 'string') {
    deps.say(`Unproven: ${seen}. Change a task there, and see \`deliveries\`.`);
    return 'unproven';
  }
  if (seen === undefined && sought.why !== undefined) {
    deps.say(
      `Unproven: no ${proof.called} was sent (${sought.why}). Change a task there, and see \`deliveries\`.`,
    );
    return 'unproven';
  }
  if (seen === undefined) {
    deps.say(`Unproven: the tracker recorded no delivery within ${WITHIN / 1000} s. Run this again later.`);
    return 'failed';
  }
  const { status, words } = seen;
  const isAccepted = status >= 200 && status < 300;
  const told = `${status || 'nothing'}${words === undefined ? '' : ` (${words})`}`;
  deps.say(
    isAccepted
      ? `Proven: its ${proof.called} was answered ${told}.`
      : `Not yet: its ${proof.called} was answered ${told}. ${whatToDo(status)} Then run this again.`,
  );
  return isAccepted ? 'proven' : 'failed';
}

async function firstNew(
  proof: HookProof,
  { id, known, why }: Sought,
  access: AdminAccess,
  { clock, sleep }: ConnectDeps,
): Promise<RecordedDelivery | string | undefined> {
  const until = clock.now() + (why === undefined ? WITHIN : WITHIN_IF_ANY);
  for (;;) {
    const recorded = await proof.recorded(id, access);
    if (typeof recorded === 'string') return recorded;
    const fresh = recorded.find((one) => !known.has(one.id));
    if (fresh !== undefined || clock.now() >= until) return fresh;
    await sleep(EVERY);
  }
}

function whatToDo(status: number): string {
  if (status === 401 || status === 403)
    return 'The service has another secret: restart it with these settings.';
  if (status === 404)
    return 'Nothing takes it there: start the service with these settings, and see that PUBLIC_URL leads to it.';
  return 'The service was not reached: start it, and see that PUBLIC_URL leads to it from outside.';
}

/** All webhooks there that lead to this address are removed. */
export async function disconnectPlace(
  place: ConnectPlace,
  address: string,
  deps: ConnectDeps,
): Promise<void> {
  const access = accessOf(deps, undefined);
  const hooks = await place.find(address, access);
  if (hooks.length === 0) deps.say(`No webhook of ${place.title} that this token sees leads to ${address}.`);
  for (const { id } of hooks) {
    if ((await sent(() => place.remove(id, access))) === SHOWN) continue;
    deps.say(`Removed webhook ${id} of ${place.title}, which led to ${address}.`);
  }
}

/** Says which webhooks there lead to this address. Returns whether there is one, and all are as they should be. */
export async function listPlace(place: ConnectPlace, address: string, deps: ConnectDeps): Promise<boolean> {
  const access = accessOf(deps, undefined);
  const hooks = await place.find(address, access);
  if (hooks.length === 0) {
    deps.say(`${place.title}: no webhook that this token sees leads to ${address}.`);
    return false;
  }
  for (const { id, faults } of hooks)
    deps.say(
      `${place.title}: webhook ${id} ${faults.length > 0 ? `needs mending: ${faults.join('; ')}` : 'is as it should be'}.`,
    );
  return hooks.every(({ faults }) => faults.length === 0);
}

const SHOWN = 'shown';

/** What came of a change; `SHOWN` in a dry run. */
async function sent<T>(change: () => Promise<T>): Promise<T | typeof SHOWN> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof OnlyShown) return SHOWN;
    throw error;
  }
}

/** Thrown in a dry run in place of an answer. */
class OnlyShown extends Error {
  override readonly name = 'OnlyShown';
}

function accessOf({ token, send, clock, dryRun, say }: ConnectDeps, wanted: Wanted | undefined): AdminAccess {
  return {
    token,
    hidden: [token, ...(wanted === undefined ? [] : [wanted.secret])],
    now: () => clock.now(),
    read: send,
    async write(request) {
      if (!dryRun) return send(request);
      say(`Would send: ${request.method} ${request.url}`, ...(request.body ? [`  ${request.body}`] : []));
      throw new OnlyShown();
    },
  };
}
