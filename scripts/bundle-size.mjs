// node scripts/bundle-size.mjs [ENTRY]: gzip bytes of what a browser needs of the explain package, all modules that the entry reaches,
// each minified. A bundler that also drops unused functions gets less.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minify } from '@swc/core';
import ts from 'typescript';

const root = new URL('..', import.meta.url).pathname;

/** Every module that `entry` reaches, itself first. */
function modulesOf(entry) {
  const files = [entry];
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
    for (const { fileName } of importedFiles) {
      const found = fileName.startsWith('.')
        ? resolve(dirname(file), fileName)
        : createRequire(file).resolve(fileName);
      if (!files.includes(found)) files.push(found);
    }
  }
  return files;
}

export async function bundleSize(entry) {
  const options = { module: true, compress: { module: true }, mangle: { toplevel: true } };
  const parts = [];
  for (const file of modulesOf(join(root, entry)))
    parts.push((await minify(readFileSync(file, 'utf8'), options)).code);
  const text = parts.join('\n');
  return { modules: parts.length, bytes: text.length, gzip: gzipSync(text, { level: 9 }).length };
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  for (const entry of process.argv.slice(2).length > 0
    ? process.argv.slice(2)
    : ['explain/dist/xgboost.js', 'explain/dist/index.js']) {
    const { modules, bytes, gzip } = await bundleSize(entry);
    console.log(`${entry}: ${modules} modules, ${bytes} bytes minified, ${gzip} bytes gzip`);
  }
