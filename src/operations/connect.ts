/** Makes, mends and removes webhooks in trackers, and sees whether their deliveries arrive. Says each step. */
import type { Clock } from '../clock.ts';
import type {
  AdminAccess,
  Connecting,
  ConnectPlace,
  FoundHook,
  HookProof,
  MadeHook,
  RecordedDelivery,
  Wanted,
} from '../trackers/connecting.ts';
import type { ApiAccess } from '../trackers/read-back.ts';
import type { Arrivals } from './arrivals.ts';
import { provenByChange, type Watch } from './proof-by-change.ts';

export interface ConnectDeps {
  token: string;
  /** The secrets that the service takes. */
  secrets: readonly string[];
  /** As in `Connecting`. */
  secretOf?: Connecting['secretOf'];
  /** To the tracker's API alone. */
  send: ApiAccess['send'];
  clock: Clock;
  sleep(ms: number): Promise<void>;
  /** What is not sent is shown. */
  dryRun: boolean;
  say(...lines: string[]): void;
  /** Lets the service take a secret that is offered to it now. Throws for people. */
  openDoor?(): Promise<void>;
  /** Gives the service a secret that the tracker made; says where it is, and what is left to do. */
  keepSecret?(secret: string): Promise<readonly string[]>;
  /** Sees what comes to the service; absent if nothing is waited for. */
  watch?: Watch;
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
  const before = deps.dryRun ? undefined : await deps.watch?.arrivals();
  const task: Task = { place, wanted, access, deps, before };
  if (hook === undefined) return madeAnew(task);
  if (hook.isSpent !== true) return mended(task, hook);
  deps.say(`${alreadyThere(task, hook)} It cannot be fixed: a new one is made.`);
  const removed = await sent(() => place.remove(hook.id, access));
  if (removed !== SHOWN) deps.say(`Removed webhook ${hook.id} of ${place.title}.`);
  return madeAnew(task);
}

interface Task {
  place: ConnectPlace;
  wanted: Wanted;
  access: AdminAccess;
  deps: ConnectDeps;
  /** What had come to the service before; a text says why that is not known. */
  before: Arrivals | string | undefined;
}

async function madeAnew(task: Task): Promise<Connected> {
  const { place, wanted, access, deps } = task;
  if (deps.secretOf === 'handshake' && !deps.dryRun) await deps.openDoor?.();
  const hook = await sent(() => place.make(wanted, access));
  if (hook === SHOWN) return SHOWN;
  deps.say(`Made webhook ${hook.id} of ${place.title}, which leads to ${wanted.address}.`);
  await keep(hook, deps);
  const { proof } = place;
  if ('change' in proof) {
    if (proof.made === undefined) return provenByChange(proof, hook.id, task, deps);
    deps.say(`Proven: ${proof.made}.`);
    return 'proven';
  }
  const why = proof.isSentWhenMade ? undefined : await proof.ping(hook.id, wanted, access);
  return proven(proof, { id: hook.id, known: new Set(), why }, task);
}

async function mended(task: Task, hook: FoundHook): Promise<Connected> {
  const { place, wanted, access, deps } = task;
  deps.say(alreadyThere(task, hook));
  const { proof } = place;
  const before = 'change' in proof ? [] : await proof.recorded(hook.id, access);
  const now = await sent(() => place.mend(hook.id, wanted, access));
  if (now !== SHOWN) {
    const isMended = hook.faults.length > 0;
    if (deps.secretOf === undefined)
      deps.say(`${isMended ? 'Fixed it, and set its' : 'Set its'} secret to the first one of the settings.`);
    else if (isMended) deps.say('Fixed it.');
    await keep(now, deps);
  }
  const { id } = now === SHOWN ? hook : now;
  if ('change' in proof) return now === SHOWN ? SHOWN : provenByChange(proof, id, task, deps);
  const why = await sent(() => proof.ping(id, wanted, access));
  if (now === SHOWN) return SHOWN;
  const known = typeof before === 'string' ? [] : before.map((one) => one.id);
  return proven(proof, { id, known: new Set(known), why }, task);
}

function alreadyThere({ place, wanted }: Task, { id, faults }: FoundHook): string {
  const lacks = faults.length > 0 ? `: ${faults.join('; ')}` : '';
  return `Webhook ${id} of ${place.title} leads to ${wanted.address} already${lacks}.`;
}

/** A secret that the tracker made, and the service does not have. */
async function keep({ secret }: MadeHook, { secrets, keepSecret, say }: ConnectDeps): Promise<void> {
  if (secret === undefined || secrets.includes(secret) || keepSecret === undefined) return;
  say(...(await keepSecret(secret)));
}

interface Sought {
  id: string;
  /** The deliveries that were recorded before. */
  known: ReadonlySet<string>;
  /** Why there may be none. */
  why: string | undefined;
}

async function proven(proof: HookProof, sought: Sought, task: Task): Promise<Connected> {
  const { access, deps } = task;
  const seen = await firstNew(proof, sought, access, deps);
  const byChange = (why: string) =>
    provenByChange({ why, change: 'Change a task there' }, sought.id, task, deps);
  if (typeof seen === 'string') return byChange(`${seen}.`);
  if (seen === undefined && sought.why !== undefined)
    return byChange(`no ${proof.called} was sent (${sought.why}).`);
  if (seen === undefined && proof.mayBeUnrecorded)
    return byChange(`the tracker recorded no ${proof.called} within ${WITHIN / 1000} s.`);
  if (seen === undefined) {
    deps.say(`Unproven: the tracker recorded no delivery within ${WITHIN / 1000} s. Run this again later.`);
    return 'failed';
  }
  const { status, words, isAccepted = status >= 200 && status < 300 } = seen;
  const answered = `${status || 'nothing'}${words === undefined ? '' : ` (${words})`}`;
  deps.say(
    isAccepted
      ? `Proven: its ${proof.called} ${status === 0 ? (words ?? 'was accepted') : `was answered ${answered}`}.`
      : `Not yet: its ${proof.called} was answered ${answered}. ${whatToDo(status)} Then run this again.`,
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

/** All webhooks there that lead to this address are removed. Returns their ids, also of those that were only shown. */
export async function disconnectPlace(
  place: ConnectPlace,
  address: string,
  deps: ConnectDeps,
): Promise<string[]> {
  const access = accessOf(deps, undefined);
  const hooks = await place.find(address, access);
  if (hooks.length === 0) deps.say(`No webhook of ${place.title} that this token sees leads to ${address}.`);
  for (const { id } of hooks) {
    if ((await sent(() => place.remove(id, access))) === SHOWN) continue;
    deps.say(`Removed webhook ${id} of ${place.title}, which led to ${address}.`);
  }
  return hooks.map(({ id }) => id);
}

/** Says which webhooks there lead to this address, and what they lack. */
export async function listPlace(
  place: ConnectPlace,
  address: string,
  deps: ConnectDeps,
): Promise<readonly FoundHook[]> {
  const access = accessOf(deps, undefined);
  const hooks = await place.find(address, access);
  if (hooks.length === 0) deps.say(`${place.title}: no webhook that this token sees leads to ${address}.`);
  for (const { id, faults } of hooks)
    deps.say(
      `${place.title}: webhook ${id} ${faults.length > 0 ? `needs fixing: ${faults.join('; ')}` : 'is as it should be'}.`,
    );
  return hooks;
}

/** Whether there is one, and all are as they should be. */
export function areWell(hooks: readonly FoundHook[]): boolean {
  return hooks.length > 0 && hooks.every(({ faults }) => faults.length === 0);
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

function accessOf(deps: ConnectDeps, wanted: Wanted | undefined): AdminAccess {
  const { token, secrets, send, clock, dryRun, say } = deps;
  const writeEach: AdminAccess['writeEach'] = async (requests) => {
    if (dryRun) {
      for (const { method, url, body } of requests)
        say(`Would send: ${method} ${url}`, ...(body ? [`  ${body}`] : []));
      throw new OnlyShown();
    }
    const answers = [];
    for (const request of requests) answers.push(await send(request));
    return answers;
  };
  return {
    ...{ token, secrets },
    hidden: [token, ...secrets, ...(wanted === undefined ? [] : [wanted.secret])].filter(Boolean),
    now: () => clock.now(),
    read: send,
    async write(request) {
      const [answer] = await writeEach([request]);
      if (answer === undefined) throw new TypeError('a request without an answer');
      return answer;
    },
    writeEach,
  };
}
