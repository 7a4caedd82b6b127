/**
 * Breaks the code on purpose, in one place at a time, and sees that the simulation finds each within its usual
 * number of stories: `npm run test:simulation:mutations [-- name ...]`. Each mutation is compiled in a folder of its
 * own; nothing of the working tree is touched. `--write` puts what was found into docs/reliability.md.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RUNS = Number(process.env.SIMULATION_RUNS ?? 5_000);

/** What is broken, in which file, and the text that is replaced. */
const mutations = [
  {
    name: 'forgotten intent',
    breaks: 'after an unclear edit the next review does not settle it by what incident.io shows',
    file: 'src/review/review.ts',
    from: 'const settled = writing ? await settleIntents(',
    to: "const settled = writing && job.why === '' ? await settleIntents(",
  },
  {
    name: 'reopened is forgiven',
    breaks: 'a follow-up that was ticked off counts although its task is known open again',
    file: 'src/review/effective-state.ts',
    from: 'if (reopened && !(task.isDuplicate && isDone(status))) return notClosed;',
    to: '',
  },
  {
    name: 'a machine counts',
    breaks: 'a task that automation closed counts as done',
    file: 'src/review/effective-state.ts',
    from: "if (by === 'person' || automationCountsOf(actor, rule))",
    to: "if (by === 'automation' || by === 'person' || automationCountsOf(actor, rule))",
  },
  {
    name: 'newer word ignored',
    breaks: "the task's word counts also where a person changed the follow-up later",
    file: 'src/review/effective-state.ts',
    from: 'return since > task.since;',
    to: 'return since > task.since + 1e12;',
  },
  {
    name: "own write taken for a person's",
    breaks: "our own write counts as somebody else's later word",
    file: 'src/review/effective-state.ts',
    from: 'if (history.ours !== undefined) return history.ours === state;',
    to: 'if (history.ours !== undefined) return true;',
  },
  {
    name: 'no write intent',
    breaks: "a write that nobody recorded, since its process died, counts as a person's",
    file: 'src/store/status-history.ts',
    from: 'return lastWrite.before === seen.updatedAt ? undefined : lastWrite.taskState;',
    to: 'return undefined;',
  },
  {
    name: 'people are fought',
    breaks: 'an incident that was moved back is closed again',
    file: 'src/review/moved-back.ts',
    from: 'if (liftedAt !== undefined || releasedAt > at) return true;',
    to: 'if (at > 0) return true;',
  },
  {
    name: 'hold ignored',
    breaks: 'a held incident is closed',
    file: 'src/review/decide.ts',
    from: 'if (facts.hold !== undefined)',
    to: 'if (facts.hold !== undefined && facts.hold.at < 0)',
  },
  {
    name: 'no settle time',
    breaks: 'an incident is closed at the first look that finds it ready',
    file: 'src/review/guards/time.ts',
    from: 'if (until <= now) return undefined;',
    to: 'if (until - 45_000 <= now) return undefined;',
  },
  {
    name: 'no brake',
    breaks: 'closings take no place at the brake',
    file: 'src/review/closing/brake.ts',
    from: 'return free === undefined ? [...recent, now] : current;',
    to: 'return current;',
  },
  {
    name: 'confirmed before it is known',
    breaks: 'an edit whose end is unknown counts as made',
    file: 'src/review/closing/intents.ts',
    from: 'const ours = newest && (await ourUpdate(newest, updates, claimed, deps));',
    to: 'const ours = newest && ((await ourUpdate(newest, updates, claimed, deps)) ?? updates[0]);',
  },
  {
    name: 'the sweep sees statuses only',
    breaks: 'the sweep does not look at what trackers told, so a lost queue is never recovered',
    file: 'src/sync/sweep.ts',
    from: '{ ...deps, taskKeyOf: indexedTaskKey },',
    to: '{ ...deps, taskKeyOf: () => undefined },',
  },
  {
    name: 'no backlog',
    breaks: 'what was ready before we came is closed at the first start',
    file: 'src/review/backlog.ts',
    from: 'if (last === undefined) return undefined;',
    to: 'if (last === undefined || last.isFirst) return undefined;',
  },
  {
    name: 'older wins',
    breaks: 'the state that arrives last stands, whatever its time',
    file: 'src/events/standing-state.ts',
    from: 'if (next.since !== current.since) return next.since > current.since;',
    to: 'if (next.since !== current.since) return true;',
  },
  {
    name: 'moves lead nowhere',
    breaks: 'a task that moved is looked for at its former place',
    file: 'src/events/moves.ts',
    from: 'await tables.put([currentKeys.change(from, to), ...cameBack]);',
    to: 'await tables.put([...cameBack]);',
  },
  {
    name: 'our announcement is the edit',
    breaks: 'what we told people in an incident counts as the edit whose end was unknown',
    file: 'src/review/closing/intents.ts',
    from: '!isAnnouncement(message) &&\n',
    to: '',
  },
  {
    name: 'failed writes are swallowed',
    breaks: 'a write that failed does not fail the review, which goes on at once and again and again',
    file: 'src/review/review.ts',
    from: 'if (failures.length > 0) throw failures[0];',
    to: '',
  },
  {
    name: 'released before it was told',
    breaks: 'a closing by a machine that was told after a release counts as released',
    file: 'src/review/effective-state.ts',
    from: 'known.releasedAt >= (task.knownAt ?? task.receivedAt)',
    to: 'known.releasedAt >= task.since',
  },
  {
    name: 'releases look new for ever',
    breaks: 'the sweep takes each released incident for changed',
    file: 'src/review/store-outcome.ts',
    from: 'releasedAt: facts?.releasedAt,',
    to: '',
  },
  {
    name: 'wakes die with a worker',
    breaks: 'a state that a worker had recorded when it died wakes nobody',
    file: 'src/events/record.ts',
    from: 'const wakesThem = isNews || job.begunBefore;',
    to: 'const wakesThem = isNews;',
  },
  {
    name: 'deleted where it was',
    breaks: 'a task that moved is deleted once its former place is',
    file: 'src/events/moves.ts',
    from: 'return [...records.values()].flatMap((record) => beforeDeleted(record) ?? []);',
    to: 'return [...records.values()];',
  },
  {
    name: 'forgotten while all is read',
    breaks: 'a follow-up that comes while all are read anew is forgotten',
    file: 'src/sync/full-sync.ts',
    from: '!listed.has(id) && value.indexedAt < started',
    to: '!listed.has(id)',
  },
  {
    name: 'a failed read is kept',
    breaks: 'the statuses that could not be read stay unread for ten minutes',
    file: 'src/incident-io/status-cache.ts',
    from: 'if (this.read === read) this.forget();',
    to: '',
  },
  {
    name: 'a bad key uses up tries',
    breaks: 'a review loses a try where the key is rejected',
    file: 'src/worker/worker.ts',
    from: 'if (key.isBad()) throw new PutBack(messageOf(error), KEY_BACK);',
    to: '',
  },
  {
    name: 'a 429 uses up tries',
    breaks: 'a review loses a try at a rate limit',
    file: 'src/worker/worker.ts',
    from: 'if (error instanceof RateLimitedError)\n      throw new PutBack(error.message, Math.min(LONGEST_BACK, Math.max(0, error.retryAt - clock.now())));',
    to: '',
  },
  {
    name: 'told in a pause',
    breaks: 'people are told of closings while everything is paused',
    file: 'src/announcements/announcer.ts',
    from: ' || context.policy.paused !== undefined',
    to: '',
  },
  {
    name: 'no timer',
    breaks: 'nothing wakes an incident when it has settled',
    file: 'src/review/review.ts',
    from: 'if (decision.until !== undefined) await waker.wakeAt(',
    to: 'if (decision.until === 0) await waker.wakeAt(',
  },
  {
    name: 'written in a pause',
    breaks: 'follow-ups are written while everything is paused',
    file: 'src/review/review.ts',
    from: 'const writer = policy.paused === undefined ? deps.writer : undefined;',
    to: 'const writer = deps.writer;',
  },
  {
    name: 'a row is a word',
    breaks: 'the writing of a row that is outstanding counts as somebody setting it back',
    file: 'src/store/status-history.ts',
    from: '      ours: undefined,\n    };\n  return history;',
    to: '      ours: undefined,\n    };\n  return seen.updatedAt > row.updatedAt ? { ...history, since: seen.updatedAt, setBack: true } : history;',
  },
  {
    name: 'lifted by times',
    breaks: 'a moving back is lifted by the time of a row',
    file: 'src/review/moved-back.ts',
    from: 'if (before === undefined || counted.history.setBacks > before.setBacks) return true;',
    to: 'if (before === undefined || counted.followUp.updatedAt > at) return true;',
  },
  {
    name: 'a regression is moved back',
    breaks: 'an incident that a person resolved and made active again counts as moved back',
    file: 'src/review/moved-back.ts',
    from: 'if (resolved !== undefined) resolved = { ...resolved, at: update.createdAt, resolvedByUs: false };',
    to: 'back ??= { at: update.createdAt, resolvedByUs: false };',
  },
  {
    name: 'refused for a day',
    breaks: 'what was refused is tried again after a day, whatever has changed',
    file: 'src/review/refusals.ts',
    from: 'return at + (isChanged(then, now) ? SOONEST : LATEST);',
    to: 'return at + LATEST;',
  },
  {
    name: 'set back is forgotten',
    breaks: 'a follow-up that was done and is outstanding again counts as never done',
    file: 'src/store/status-history.ts',
    from: '    setBack: ours === undefined,\n',
    to: '    setBack: false,\n',
  },
];

const DOCS = `${root}docs/reliability.md`;
const MARKS = ['<!-- broken -->', '<!-- /broken -->'];

const wanted = process.argv.slice(2).filter((name) => name !== '--write');
const unknown = wanted.filter((name) => mutations.every((mutation) => mutation.name !== name));
if (unknown.length > 0) throw new Error(`there is no mutation ${unknown.join(', ')}`);
const chosen = mutations.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (wanted.length > 0 && process.argv.includes('--write'))
  throw new Error('--write writes the table of all: give no names');
const rows = [];
for (const mutation of chosen) {
  const found = play(mutation);
  // "story 7, number 7, after 1.2 s: S1: INC-1 is closed while ..."
  const [, number, promise] = /^story \d+, number (\d+), after [\d.]+ s: ([^:]+): /m.exec(found ?? '') ?? [];
  console.log(
    `${found === undefined ? 'MISSED' : 'found '}  ${mutation.name}: ${mutation.breaks}\n        ${found ?? ''}`,
  );
  rows.push({ ...mutation, number, promise });
}
const missed = rows.filter(({ number }) => number === undefined).length;
console.log(`${rows.length - missed} of ${rows.length} broken places were found within ${RUNS} stories`);
process.exitCode = missed === 0 ? 0 : 1;
if (missed === 0 && process.argv.includes('--write')) write(rows);

function write(found) {
  const table = [
    '| broken on purpose | in | promise that broke | in story |',
    '|---|---|---|---:|',
    ...found.map(
      ({ breaks, file, promise, number }) => `| ${breaks} | \`${file}\` | ${promise} | ${number} |`,
    ),
  ].join('\n');
  const text = readFileSync(DOCS, 'utf8');
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`${DOCS} does not have ${MARKS.join(' and ')}`);
  writeFileSync(DOCS, `${text.slice(0, start + MARKS[0].length)}\n\n${table}\n\n${text.slice(end)}`);
}

/** What the simulation says of the broken code; undefined where it finds nothing. */
function play({ name, file, from, to }) {
  const folder = `${root}.simulation/mutations/${name.replaceAll(/[^a-z]+/g, '-')}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    for (const part of [
      'src',
      'test/simulation',
      'test/support',
      'package.json',
      'tsconfig.json',
      'tsconfig.simulation.json',
    ])
      cpSync(root + part, `${folder}/${part}`, { recursive: true });
    symlinkSync(`${root}node_modules`, `${folder}/node_modules`);
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold once: ${from}`);
    writeFileSync(
      `${folder}/${file}`,
      text.replace(from, () => to),
    );
    run(
      folder,
      `${root}node_modules/.bin/tsc`,
      '-p',
      'tsconfig.simulation.json',
      '--noUnusedLocals',
      'false',
      '--noUnusedParameters',
      'false',
    );
    cpSync(`${root}package.json`, `${folder}/.simulation/package.json`);
    const told = run(folder, 'node', '.simulation/test/simulation/run.js', '--quick', '--runs', String(RUNS));
    return told.status === 1 ? told.stdout.trim() : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(cwd, command, ...args) {
  const ran = spawnSync(command, args, { cwd, encoding: 'utf8' });
  const compiles = !command.endsWith('tsc');
  if (ran.status === 0 || (compiles && ran.status === 1 && ran.stderr === '')) return ran;
  throw new Error(`${command} ${args.join(' ')} failed: ${ran.stdout}${ran.stderr}${ran.error ?? ''}`);
}
