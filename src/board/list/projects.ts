import type { TaskKey } from '../../vocabulary.ts';

/** `jira:acme.atlassian.net/PROJ-12` is Jira's: the name of its tracker. */
export function trackerOf(task: TaskKey): string {
  return task.slice(0, Math.max(0, task.indexOf(':')));
}

/**
 * The repository or project that a task key names: `acme/api` of `github:github.com/acme/api#12`, `PROJ` of
 * `jira:acme.atlassian.net/PROJ-12`. `undefined`: its tracker's keys name none.
 */
export function projectOf(task: TaskKey): string | undefined {
  const key = task.slice(task.indexOf(':') + 1);
  const [, repository] = /^[^/]+\/(.+)[#!]\d+$/.exec(key) ?? [];
  if (repository !== undefined) return repository;
  const [, project] = /(?:^|\/)([A-Z][A-Z0-9_]*)-\d+$/.exec(key) ?? [];
  return project;
}
