import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** What everybody may load: they hold nothing but the page's own words. */
export const assets = [
  'actions.js',
  'board.css',
  'board.js',
  'dom.js',
  'icon.svg',
  'keep.js',
  'rows.js',
  'sections.js',
  'service.js',
  'state.js',
];

export interface PageFile {
  type: string;
  text: string;
}

/** The page's files are in `public/`, which is two folders up both from src/board/ and from dist/board/. */
export async function pageFile(name: string): Promise<PageFile> {
  const text = await readFile(new URL(`../../public/${name}`, import.meta.url), 'utf8');
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', text };
}
