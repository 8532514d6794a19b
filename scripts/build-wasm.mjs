// Compiles each explain/assembly/NAME.ts to explain/src/generated/NAME-wasm.ts: the bytes of a WebAssembly module in
// base64, which browsers, bundlers and Node all import alike. A stamp over compiler, flags and sources makes an
// unchanged tree cost nothing.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const sourceDir = join(root, 'explain/assembly');
const outDir = join(root, 'explain/src/generated');
const { version } = createRequire(import.meta.url)('assemblyscript/package.json');

// SIMD of the first standard alone: the relaxed one may round differently from machine to machine. Nothing allocates.
const flags = [
  '-O3',
  '--runtime=stub',
  '--enable=simd',
  '--disable=bulk-memory',
  '--importMemory',
  '--noAssert',
];

async function compile(file) {
  const { default: asc } = await import('assemblyscript/asc');
  let binary = null;
  const { error, stderr } = await asc.main([file, '--outFile=out.wasm', ...flags], {
    readFile: (name) => (name === file ? readFileSync(join(sourceDir, file), 'utf8') : null),
    writeFile: (name, contents) => {
      if (name === 'out.wasm') binary = Buffer.from(contents);
    },
    listFiles: () => [],
  });
  if (error === null && binary !== null) return binary;
  console.error(`explain/assembly/${file}: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  process.exit(1);
}

for (const file of readdirSync(sourceDir).filter((name) => name.endsWith('.ts'))) {
  const name = file.slice(0, -'.ts'.length);
  const outPath = join(outDir, `${name}-wasm.ts`);
  const stamp = createHash('sha256')
    .update(JSON.stringify([version, flags]))
    .update(readFileSync(join(sourceDir, file)))
    .update(readFileSync(new URL(import.meta.url)))
    .digest('hex');
  if (existsSync(outPath) && readFileSync(outPath, 'utf8').includes(stamp)) continue;
  const binary = await compile(file);
  mkdirSync(outDir, { recursive: true });
  const text =
    `// Made by scripts/build-wasm.mjs from explain/assembly/${file} with AssemblyScript ${version} (${stamp}).\n` +
    `// ${binary.length} bytes of WebAssembly.\n` +
    `export const ${name.replace(/-./g, (part) => part[1].toUpperCase())}Wasm =\n  '${binary.toString('base64')}';\n`;
  // Another process may be reading it: replaced whole.
  writeFileSync(`${outPath}.${process.pid}.tmp`, text);
  renameSync(`${outPath}.${process.pid}.tmp`, outPath);
}
