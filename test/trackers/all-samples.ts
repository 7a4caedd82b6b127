import { asana } from './asana/samples.ts';
import { azureDevOps } from './azure-devops/samples.ts';
import { clickup } from './clickup/samples.ts';
import { github } from './github/samples.ts';
import { gitlab } from './gitlab/samples.ts';
import { jira } from './jira/samples.ts';
import { linear } from './linear/samples.ts';
import { notion } from './notion/samples.ts';
import type { Samples } from './samples.ts';
import { servicenow } from './servicenow/samples.ts';
import { shortcut } from './shortcut/samples.ts';

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
