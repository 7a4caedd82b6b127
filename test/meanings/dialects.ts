import type { Dialect } from './site.ts';
import { asana } from './trackers/asana.ts';
import { azureDevOps } from './trackers/azure-devops.ts';
import { clickup } from './trackers/clickup.ts';
import { github } from './trackers/github.ts';
import { gitlab } from './trackers/gitlab.ts';
import { jira } from './trackers/jira.ts';
import { linear } from './trackers/linear.ts';
import { notion } from './trackers/notion.ts';
import { servicenow } from './trackers/servicenow.ts';
import { shortcut } from './trackers/shortcut.ts';

/** Every tracker that worlds may have. */
export const dialects: readonly Dialect[] = [
  github,
  jira,
  linear,
  gitlab,
  azureDevOps,
  asana,
  clickup,
  shortcut,
  notion,
  servicenow,
];
