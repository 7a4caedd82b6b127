import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A page of the documentation. */
export interface Page {
  /** From the root of the project. */
  path: string;
  text: string;
}

const atRoot = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'RELEASING.md'];

/** Every page that people read. */
export const pages: readonly Page[] = [
  ...atRoot,
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => `docs/${file}`),
].map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** The first group of every match. */
export function all(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** A fenced block of code, and the comments right above it. */
export interface Block {
  language: string;
  code: string;
  comments: string[];
}

export function blocksOf(text: string): Block[] {
  const found = text.matchAll(/((?:^ *<!--.*-->\n)*)^( *)```(\w+)\n([\s\S]*?)^\2```/gm);
  return [...found].map(([, comments = '', indent = '', language = '', code = '']) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    comments: all(/<!-- (.*) -->/g, comments),
  }));
}

/** The text without what is code. */
export function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** Links to other files and headings of the project: the file from its root, and the heading. */
export function linksOf({ path, text }: Page): { file: string; heading: string | undefined }[] {
  // Not in code, but code may be what is clicked on.
  const links = all(/\]\((?!https?:|mailto:)([^)\s]+)\)/g, withoutFences(text));
  return links.map((link) => {
    const [file = '', heading] = link.split('#');
    return { file: file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file)), heading };
  });
}

function withoutFences(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```/gm, '');
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return all(/^#{1,6} (.*)$/gm, withoutFences(text)).map((heading) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}
