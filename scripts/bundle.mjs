// Part of `npm run build`: bundles the program into `dist/`, what is shipped. Loading hundreds of files is most of a
// start. Commands, backends and whatever else is imported when it is needed stay apart. What `dependencies` of
// package.json name is not bundled, but installed beside it.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** Packages that others load only if they are there, which they need not be. */
const OPTIONAL = ['pg-native', 'msgpackr-extract', '@valkey/valkey-glide'];

/** What CommonJS modules find in their scope, which modules in ESM lack. */
const COMMON_JS = `import { createRequire as $createRequire } from 'node:module';
import { dirname as $dirname } from 'node:path';
import { fileURLToPath as $fileURLToPath } from 'node:url';
const require = $createRequire(import.meta.url), __filename = $fileURLToPath(import.meta.url), __dirname = $dirname(__filename);`;

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: [{ in: 'src/entry.ts', out: 'main' }],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: [...Object.keys(dependencies), ...OPTIONAL],
  banner: { js: COMMON_JS },
  // Lines of errors lead to the sources; their texts are in the repository.
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  write: false,
});

const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
files.set('licenses.txt', Buffer.from(await licenses()));
await mkdir(dist, { recursive: true });
// The entry comes last, so that it never names a file that is not there yet.
const isEntry = (name) => name === 'main.js';
for (const [name, contents] of [...files].sort(([a], [b]) => isEntry(a) - isEntry(b)))
  await put(name, contents);
const kept = new Set([...files.keys(), 'database']);
for (const name of await readdir(dist))
  if (!kept.has(name) && !name.startsWith('unfinished-'))
    await rm(join(dist, name), { recursive: true, force: true });

/** Whoever reads the file at the same time has the old or the new one. */
async function put(name, contents) {
  const path = join(dist, name);
  const known = await readFile(path).catch(() => undefined);
  if (known?.equals(contents)) return;
  await writeFile(`${path}.${process.pid}`, contents);
  await rename(`${path}.${process.pid}`, path);
}

/** Whose work is in the bundle, with the texts of their licenses. */
async function licenses() {
  const folders = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
    if (folder !== undefined) folders.add(folder);
  }
  const texts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await readFile(join(root, folder, 'package.json'), 'utf8'),
      );
      const file = (await readdir(join(root, folder))).find((one) => /^(licen[cs]e|copying)/i.test(one));
      const text =
        file === undefined ? '' : `\n\n${(await readFile(join(root, folder, file), 'utf8')).trim()}`;
      if (text === '' && typeof license !== 'string')
        throw new Error(`${dirname(folder)}: ${name} names no license`);
      return `${name} ${version}: ${license}${text}`;
    }),
  );
  return `The bundle contains these packages.\n\n${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
