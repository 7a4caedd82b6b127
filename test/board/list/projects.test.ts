import { expect, it } from 'vitest';
import { projectOf, trackerOf } from '../../../src/board/list/projects.ts';

it.each([
  ['github:github.com/acme/api#12', 'github', 'acme/api'],
  ['gitlab:gitlab.com/acme/team/api#7', 'gitlab', 'acme/team/api'],
  ['gitlab:id:gitlab.com/4711', 'gitlab', undefined],
  ['jira:acme.atlassian.net/PROJ-12', 'jira', 'PROJ'],
  ['jira:jira.acme.example/jira/OPS_2-1', 'jira', 'OPS_2'],
  ['linear:acme/ENG-3', 'linear', 'ENG'],
  ['linear:ENG-3', 'linear', 'ENG'],
  ['clickup:86c1x2y3z', 'clickup', undefined],
  ['shortcut:acme/12', 'shortcut', undefined],
  ['generic:example.com/a/b', 'generic', undefined],
])('the task %s belongs to the tracker %s and the project %s', (task, tracker, project) => {
  expect([trackerOf(task), projectOf(task)]).toEqual([tracker, project]);
});
