/**
 * Puts wrong readings back, one at a time, and sees that the worlds find each: `npm run test:meanings:mutations [-- name ...]`.
 * Each is compiled in a folder of its own; nothing of the working tree is touched.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Worlds of one tracker in which it has to be found: what of 44,000 are its own. */
const WORLDS = 4_000;

/** What is read wrongly, in which file, the text that is replaced, and the tracker whose worlds have to find it. */
const mutations = [
  {
    name: 'post function',
    breaks: 'a post function of Jira, which shows the issue as it was before, is read as the state',
    only: 'jira',
    file: 'src/trackers/jira/change.ts',
    from: "if (toStatus && (isLoop || plain(toStatus) !== plain(status?.name ?? ''))) return toStatus;",
    to: '',
  },
  {
    name: 'one hop',
    breaks: 'a duplicate of a duplicate is as done as the next one',
    only: 'jira',
    file: 'src/review/duplicates.ts',
    from: 'if (next === undefined) {',
    to: 'if (next === undefined || links.length > 1) {',
  },
  {
    name: 'circle is closed',
    breaks: 'duplicates in a circle count as declined',
    only: 'jira',
    file: 'src/review/duplicates.ts',
    from: "if (currentKeys.has(currentKey)) return { links, noEnd: 'circle' };",
    to: 'if (currentKeys.has(currentKey)) return { links: links.slice(0, 1) };',
  },
  {
    name: 'panel of GitHub',
    breaks: 'an issue of GitHub that lies over a page is not the one that is linked',
    only: 'github',
    file: 'src/trackers/github/permalink.ts',
    from: "return shown.length === 3 && NUMBER.test(number) ? [owner, repo, 'issues', number] : path;",
    to: "return shown.length === 3 && path[2] === 'projects' ? [owner, repo, 'issues', number] : path;",
  },
  {
    name: 'item of Azure DevOps over another',
    breaks: 'a work item that lies over another is not the one that is linked',
    only: 'azure-devops',
    file: 'src/trackers/azure-devops/permalink.ts',
    from: "isPage ? query.get('workitem') : null,\n    PATHS.exec(route)?.[1],",
    to: "PATHS.exec(route)?.[1],\n    isPage ? query.get('workitem') : null,",
  },
  {
    name: 'tab of ServiceNow',
    breaks: 'a tab of a workspace is the record below it',
    only: 'servicenow',
    file: 'src/trackers/servicenow/permalink.ts',
    from: '[...text.matchAll(IN_PATH)].at(-1)?.[1]',
    to: '[...text.matchAll(IN_PATH)].at(0)?.[1]',
  },
  {
    name: 'custom field',
    breaks: 'a custom field of Jira that is called as one of its own is that one',
    only: 'jira',
    file: 'src/trackers/jira/state.ts',
    from: "if (item.field.toLowerCase() !== field || (item.fieldtype ?? 'jira') !== 'jira') return false;",
    to: 'if (item.field.toLowerCase() === field) return true;',
  },
  {
    name: 'name of a state',
    breaks: "a state of Azure DevOps that is called as one of Microsoft's is that one",
    only: 'azure-devops',
    file: 'src/trackers/azure-devops/state.ts',
    from: 'return category !== undefined || isNamed(name, DONE);',
    to: 'return category !== undefined || isNamed(name, DONE) || NAMES.has(plain(name));',
  },
  {
    name: 'collections fall together',
    breaks: 'collections of an Azure DevOps Server behind a directory of another name are one',
    only: 'azure-devops',
    file: 'src/trackers/azure-devops/permalink.ts',
    from: ' || path.length > 2;',
    to: ';',
  },
  {
    name: 'label with spaces',
    breaks: 'labels of inactivity count only with hyphens between their words',
    only: 'github',
    file: 'src/trackers/automation.ts',
    from: ".replace(/[^\\p{L}\\p{N}]+/gu, '-')",
    to: '',
  },
  {
    name: 'machine of the type User',
    breaks: 'an account of the type User is a person, whatever it is called',
    only: 'github',
    file: 'src/trackers/automation.ts',
    from: "const machine = kind === 'machine' || isMachine(account);",
    to: "const machine = kind === 'machine' || (kind !== 'person' && isMachine(account));",
  },
  {
    name: 'spelling of the words',
    breaks: 'words for what will not be done count only with their apostrophes, hyphens and spaces',
    only: 'shortcut',
    file: 'src/trackers/declined-names.ts',
    from: "return text.replace(/[^\\p{L}\\p{M}\\p{N}]+/gu, '') || text.trim();",
    to: 'return text.trim();',
  },
  {
    name: 'codes of ServiceNow',
    breaks: 'an incident that was closed without a resolution counts as done',
    only: 'servicenow',
    file: 'src/trackers/declined-names.ts',
    from: "  'No Resolution Provided',\n",
    to: '',
  },
  {
    name: 'open is declined',
    breaks: 'the name of a status of Notion declines what is open',
    only: 'notion',
    file: 'src/trackers/notion/read-back.ts',
    from: "return group === complete ? completed(value, options) : 'open';",
    to: "const said = completed(value, options);\n  return group === complete || said === 'declined' ? said : 'open';",
  },
  {
    name: 'tie within a category',
    breaks: 'what became done within the category Done of Jira is dated by the category',
    only: 'jira',
    file: 'src/trackers/jira/change.ts',
    from: 'return meantOtherwise(sent, state, declined) ? changeTime(ownTime, happened) : ownTime;',
    to: 'return ownTime;',
  },
  {
    name: 'project with a dot',
    breaks: 'a project of GitLab whose path begins with a dot is refused',
    only: 'gitlab',
    file: 'src/trackers/gitlab/permalink.ts',
    from: 'const PATH = /^[\\w.][\\w.-]*(\\/[\\w.][\\w.-]*)*$/;',
    to: 'const PATH = /^\\w[\\w.-]*(\\/\\w[\\w.-]*)*$/;',
  },
  {
    name: 'one fails for all',
    breaks: 'a task that fails by itself fails the call for all',
    only: 'clickup',
    file: 'src/read-back/batches.ts',
    from: 'if (signal?.aborted || isOfAll(error, answered)) throw error;',
    to: 'if (signal?.aborted || error instanceof Error) throw error;',
  },
  {
    name: 'empty state',
    breaks: 'a state of ServiceNow that is empty is read as open',
    only: 'servicenow',
    file: 'src/trackers/servicenow/read-back.ts',
    from: "return Boolean(row.state) && /^\\w{1,80}$/.test(row.sys_class_name ?? '');",
    to: "return row.state != null && /^\\w{1,80}$/.test(row.sys_class_name ?? '');",
  },
  {
    name: 'resolution that is not shown',
    breaks: 'an issue of Jira without the key of its resolution is read as done',
    only: 'jira',
    file: 'src/trackers/jira/answers.ts',
    from: "if (state === 'done' && fields.resolution === undefined)",
    to: "if (state === 'deleted' && fields.resolution === undefined)",
  },
  {
    name: 'machine in the changelog',
    breaks: 'an issue of Jira that an app closed, and of which no webhook told, counts as closed by a person',
    only: 'jira',
    file: 'src/trackers/jira/answers.ts',
    from: 'const isClosing = occurredAt !== undefined && Math.abs(change.at - occurredAt) <= AT_ONCE;',
    to: 'const isClosing = Boolean(false);',
  },
  {
    name: 'app in the history',
    breaks:
      'an issue of Linear that an app closed, and of which no webhook told, counts as closed by a person',
    only: 'linear',
    file: 'src/trackers/linear/answers.ts',
    from: '...(closedItself(issue) ?? closedBy(issue, state)),',
    to: "...(closedItself(issue) ?? { by: 'unknown' as const }),",
  },
  {
    name: 'service account in the item',
    breaks:
      'a work item that a service account closed, and of which no webhook told, counts as closed by a person',
    only: 'azure-devops',
    file: 'src/trackers/azure-devops/read-back.ts',
    from: "...machineFound(whoIs(name, closerOf(fields), fields['System.Tags'] ?? undefined)),",
    to: "by: 'unknown',",
  },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => mutations.every((mutation) => mutation.name !== name));
if (unknown.length > 0) throw new Error(`there is no mutation ${unknown.join(', ')}`);
let missed = 0;
const chosen = mutations.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
for (const mutation of chosen) {
  const found = play(mutation);
  if (found === undefined) missed += 1;
  const { name, breaks } = mutation;
  console.log(`${found === undefined ? 'MISSED' : 'found '}  ${name}: ${breaks}\n        ${found ?? ''}`);
}
console.log(`${chosen.length - missed} of ${chosen.length} wrong readings were found`);
process.exitCode = missed === 0 ? 0 : 1;

/** What the worlds say of the broken code; undefined where they find nothing. */
function play({ name, only, file, from, to }) {
  const folder = `${root}.simulation/meanings/${name.replaceAll(/[^a-z]+/gi, '-')}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const parts = ['src', 'test/simulation', 'test/meanings', 'test/support', 'package.json'];
    for (const part of [...parts, 'tsconfig.json', 'tsconfig.simulation.json'])
      cpSync(root + part, `${folder}/${part}`, { recursive: true });
    symlinkSync(`${root}node_modules`, `${folder}/node_modules`);
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold once: ${from}`);
    writeFileSync(
      `${folder}/${file}`,
      text.replace(from, () => to),
    );
    const lax = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
    run(folder, `${root}node_modules/.bin/tsc`, '-p', 'tsconfig.simulation.json', ...lax);
    cpSync(`${root}package.json`, `${folder}/.simulation/package.json`);
    const worlds = ['--quick', '--only', only, '--worlds', String(WORLDS)];
    const told = run(folder, 'node', '.simulation/test/meanings/run.js', ...worlds);
    return told.status === 1 ? told.stdout.trim().split('\n').at(-1)?.slice(0, 300) : undefined;
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
