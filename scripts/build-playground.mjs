// Builds playground/dist/index.html: one page that holds script, styles and sample, and a policy that names the script by its hash and lets the
// page open no connection at all.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const SAMPLE_ROWS = 250;
const examples = join(root, 'examples/loan-api');

/** Applications of the example as CSV, its model, background and what may change. */
async function sample() {
  const { toFeatures } = await import(join(examples, 'dist/application/features.js'));
  const rows = readFileSync(join(examples, 'data/held-out.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .slice(0, SAMPLE_ROWS)
    .map((line) => toFeatures(JSON.parse(line)));
  const header = Object.keys(rows[0]);
  const lines = rows.map((row) => header.map((name) => row[name] ?? '').join(','));
  const text = (name) => readFileSync(join(examples, 'model', name), 'utf8');
  return {
    model: readFileSync(join(examples, 'model/credit.ubj')).toString('base64'),
    rows: [header.join(','), ...lines].join('\n'),
    background: text('background.json'),
    mutable: text('mutable.json'),
  };
}

async function script() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'playground/src/main.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['showcause-source'],
    legalComments: 'inline',
  });
  return outputFiles[0].text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

const code = await script();
const hash = createHash('sha256').update(code).digest('base64');
const parts = {
  '{{policy}}': [
    "default-src 'none'",
    `script-src 'sha256-${hash}' 'wasm-unsafe-eval'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    "connect-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; '),
  '<!-- sample -->': `<script type="application/json" id="sample-data">${JSON.stringify(await sample()).replaceAll('<', '\\u003c')}</script>`,
  '<!-- script -->': `<script>${code}</script>`,
};
const page = readFileSync(join(root, 'playground/src/index.html'), 'utf8').replace(
  /\{\{policy\}\}|<!-- (?:sample|script) -->/g,
  (name) => parts[name],
);
mkdirSync(join(root, 'playground/dist'), { recursive: true });
writeFileSync(join(root, 'playground/dist/index.html'), page);
