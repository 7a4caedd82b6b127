import { asana } from './asana.ts';
import { azureDevOps } from './azure-devops.ts';
import { clickup } from './clickup.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { jira } from './jira.ts';
import { linear } from './linear.ts';
import { notion } from './notion.ts';
import type { Samples } from './samples.ts';
import { servicenow } from './servicenow.ts';
import { shortcut } from './shortcut.ts';

/** By the tracker's name. */
export const samples: Readonly<Record<string, Samples>> = {
  github,
  jira,
  linear,
  gitlab,
  asana,
  'azure-devops': azureDevOps,
  clickup,
  shortcut,
  notion,
  servicenow,
};
