import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { PACKAGE_ROOT } from '../package-root.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Files that anybody may load: they contain nothing but the page itself. */
export const assets = [
  'actions.js',
  'address.js',
  'backtest.js',
  'board.css',
  'board.js',
  'charts.js',
  'deliveries.js',
  'dom.js',
  'filters.js',
  'icon.svg',
  'incident.js',
  'keep.js',
  'list.js',
  'lock.svg',
  'meeting.js',
  'poll.js',
  'rows.js',
  'sections.js',
  'service.js',
  'state.js',
  'uplot.css',
  'uplot.js',
];

export interface PageFile {
  type: string;
  text: string;
}

/** A file of the page, from `public/`. */
export async function pageFile(name: string): Promise<PageFile> {
  const text = await readFile(new URL(`public/${name}`, PACKAGE_ROOT), 'utf8');
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', text };
}
