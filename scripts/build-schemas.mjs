// Makes core/src/generated/entry-validators.ts (standalone validators, no eval at run time) and
// spec/schema/entry.schema.json from core/src/schema/entries.ts. `--check` fails when the spec file is stale.
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import ts from 'typescript';
import Ajv2020 from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import prettier from 'prettier';

const root = new URL('..', import.meta.url).pathname;
const sourcePath = join(root, 'core/src/schema/entries.ts');
const generatedPath = join(root, 'core/src/generated/entry-validators.ts');
const specPath = join(root, 'spec/schema/entry.schema.json');

const source = readFileSync(sourcePath, 'utf8');
const stamp = createHash('sha256')
  .update(source)
  .update(readFileSync(new URL(import.meta.url)))
  .digest('hex');
const check = process.argv.includes('--check');
const fresh =
  existsSync(generatedPath) &&
  existsSync(specPath) &&
  readFileSync(generatedPath, 'utf8').includes(stamp);
if (!fresh || check) {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const { entrySchemas } = await import(
    `data:text/javascript;base64,${Buffer.from(outputText).toString('base64')}`
  );
  const ajv = new Ajv2020({ strict: true, allErrors: false, code: { source: true, esm: true } });
  const names = {};
  for (const [type, schema] of Object.entries(entrySchemas)) {
    ajv.addSchema(structuredClone(schema), type); // one object under two types would be compiled into two functions of one name
    names[`validate_${type}`] = type;
  }
  const code = quickHex(standalone(ajv, names));
  if (/\brequire\(|^import /m.test(code)) throw new Error('a validator needs a run-time library');
  mkdirSync(join(root, 'core/src/generated'), { recursive: true });
  writeFileSync(
    generatedPath,
    `// @ts-nocheck -- made by scripts/build-schemas.mjs from ../schema/entries.ts (${stamp})\n${code}\n` +
      `export const entryValidators = { ${Object.keys(entrySchemas)
        .map((type) => `${type}: validate_${type}`)
        .join(', ')} };\n`,
  );
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Showcause log entries, by type',
    $comment:
      'Made by `npm run build` (scripts/build-schemas.mjs) from core/src/schema/entries.ts.',
    $defs: entrySchemas,
  };
  const text = await prettier.format(JSON.stringify(document), {
    ...(await prettier.resolveConfig(specPath)),
    parser: 'json',
  });
  const stale = !existsSync(specPath) || readFileSync(specPath, 'utf8') !== text;
  if (check && stale) {
    console.error('spec/schema/entry.schema.json is stale: run npm run build and commit it');
    process.exit(1);
  }
  mkdirSync(join(root, 'spec/schema'), { recursive: true });
  if (stale) writeFileSync(specPath, text);
}

/** Patterns of so many lower-case hex digits, which every entry has several of, take less than half the time as a loop. */
function quickHex(code) {
  const pattern = /new RegExp\("\^\[0-9a-f\]\{(\d+)\}\$", "u"\)/g;
  const hexDigits = (length) => ({
    test(text) {
      if (text.length !== length) return false;
      let ok = 1;
      for (let i = 0; i < length; i++) ok &= hexTable[text.charCodeAt(i)];
      return ok === 1;
    },
  });
  return `const hexTable = new Uint8Array(65536);
for (const digit of "0123456789abcdef") hexTable[digit.charCodeAt(0)] = 1;
const hexDigits = ${hexDigits};
${code.replace(pattern, 'hexDigits($1)')}`;
}
