import { sources } from '../trackers/index.ts';
import { groups } from './row.ts';
import { allRows, prefixOf } from './rows.ts';

type AnyRow = (typeof allRows)[number];

/** The tables of docs/settings.md: one for each group, and one for each tracker. */
export function settingsTables(): string {
  const tables = groups.flatMap((group) => {
    const own = allRows.filter((row) => row.group === group);
    if (group !== 'Trackers') return [`## ${group}`, tableOf(own)];
    const each = sources.flatMap(({ name, title }) => [
      `### [${title}](${pageOf(name)})`,
      tableOf(own.filter((row) => row.name.startsWith(`${prefixOf(name)}_`))),
    ]);
    return [`## ${group}`, ...each];
  });
  return `${tables.join('\n\n')}\n`;
}

/** incident.io's own webhooks are of no tracker. */
function pageOf(source: string): string {
  return source === 'incident-io' ? 'setup.md#incidentios-own-webhooks' : `trackers/${source}.md`;
}

function tableOf(rows: readonly AnyRow[]): string {
  return ['| variable | meaning | default |', '|---|---|---|', ...rows.map(lineOf)].join('\n');
}

function lineOf({ name, otherName, doc, default: standard }: AnyRow): string {
  const names = otherName === undefined ? `\`${name}\`` : `\`${name}\` (else \`${otherName}\`)`;
  // Links are written as from the root, where most texts are read.
  const linked = doc.replaceAll('](docs/', '](');
  return `| ${names} | ${linked} | ${standard === undefined ? '' : `\`${standard}\``} |`;
}
