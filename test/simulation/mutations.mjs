/**
 * Breaks the code on purpose, in one place at a time, and sees that the simulation finds each within its usual
 * number of stories: `npm run test:simulation:mutations [-- name ...]`. Each mutation is compiled in a folder of its
 * own; nothing of the working tree is touched. `--write` puts what was found into docs/reliability.md.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RUNS = 5_000;

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
    file: 'src/review/word.ts',
    from: "if (reopened) return { counts: 'blocks', why: 'reopened' };\n",
    to: '',
  },
  {
    name: 'a machine counts',
    breaks: 'a task that automation closed counts as done',
    file: 'src/review/word.ts',
    from: "(task.by === 'automation' && !rule.automationCounts)",
    to: "(task.by === 'automation' && !rule.automationCounts && task.since < 0)",
  },
  {
    name: 'newer word ignored',
    breaks: "the task's word counts also where a person changed the follow-up later",
    file: 'src/review/word.ts',
    from: 'return followUpSince(followUp, task.since) > task.since;',
    to: 'return followUpSince(followUp, task.since) > task.since + 1e12;',
  },
  {
    name: "own write taken for a person's",
    breaks: "our own write counts as somebody else's later word",
    file: 'src/review/word.ts',
    from: 'if (last.ours) return false;\n',
    to: '',
  },
  {
    name: 'no write intent',
    breaks: "a write that nobody recorded, since its process died, counts as a person's",
    file: 'src/review/word.ts',
    from: 'return { ours: mark.target === followUp.status, word: mark.word };',
    to: 'return { ours: false };',
  },
  {
    name: 'people are fought',
    breaks: 'an incident that was moved back is closed again',
    file: 'src/review/moved-back.ts',
    from: "if (before === 'closed' && after !== 'closed') back = update.createdAt;",
    to: "if (before === 'closed' && after === 'closed') back = update.createdAt;",
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
    file: 'src/review/decide.ts',
    from: 'if (now < due)',
    to: 'if (now + 45_000 < due)',
  },
  {
    name: 'no brake',
    breaks: 'closings take no place at the brake',
    file: 'src/store/store.ts',
    from: 'return free === undefined ? [...recent, now] : current;',
    to: 'return current;',
  },
  {
    name: 'confirmed before it is known',
    breaks: 'an edit whose end is unknown counts as made',
    file: 'src/review/closing.ts',
    from: 'const ours = newest && (await ourUpdate(newest, updates, deps));',
    to: 'const ours = newest && ((await ourUpdate(newest, updates, deps)) ?? updates[0]);',
  },
  {
    name: 'the sweep sees statuses only',
    breaks: 'the sweep does not look at what trackers told, so a lost queue is never made good',
    file: 'src/sync/sweep.ts',
    from: '{ ...deps, taskKeyOf: indexedTaskKey },',
    to: '{ ...deps, taskKeyOf: () => undefined },',
  },
  {
    name: 'no backlog',
    breaks: 'what was ready before we came is closed at the first start',
    file: 'src/sync/backlog.ts',
    from: 'alive.length > 0 &&',
    to: 'alive.length > 99 &&',
  },
  {
    name: 'older wins',
    breaks: 'the state that arrives last stands, whatever its time',
    file: 'src/events/stand.ts',
    from: 'if (next.since !== current.since) return next.since > current.since;',
    to: 'if (next.since !== current.since) return true;',
  },
  {
    name: 'moves lead nowhere',
    breaks: 'a task that moved is looked for at its former place',
    file: 'src/events/moves.ts',
    from: 'await tables.put([places.change(from, to), ...cameBack]);',
    to: 'await tables.put([...cameBack]);',
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
