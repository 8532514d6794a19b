// npm run bench -- NAME|delivery|all: runs one benchmark or several, prints tables and which bars hold. Exits 0 when it measured.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { documentOf, printed } from './lib/print.mjs';

const here = new URL('.', import.meta.url).pathname;
const names = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.slice(0, -4))
  .sort();
/** Of one package alone; all others are about the way from the spool to the anchor. */
const parts = ['canonical', 'explain', 'explain-agnostic', 'gas', 'middleware', 'tree'];
const groups = { delivery: names.filter((name) => !parts.includes(name)), all: names };

function usage() {
  console.error(`usage: npm run bench -- ${[...names, ...Object.keys(groups)].join('|')}
                    [--rounds N] [--json] [--out DIR] [--entries N] [--seconds N] [--curve N] [--only TEXT]`);
  process.exit(64);
}

function readArguments() {
  const number = { type: 'string' };
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rounds: { ...number, default: '3' },
        entries: number,
        seconds: number,
        curve: number,
        json: { type: 'boolean', default: false },
        out: { type: 'string' },
        only: { type: 'string' },
      },
    });
  } catch {
    return usage();
  }
}

const { values, positionals } = readArguments();
const count = (text, least) => {
  if (text === undefined) return null;
  return /^\d{1,9}$/.test(text) && Number(text) >= least ? Number(text) : usage();
};
const options = {
  rounds: count(values.rounds, 1),
  entries: count(values.entries, 1),
  seconds: count(values.seconds, 0),
  curve: count(values.curve, 1),
  only: values.only ?? null,
};
const isJson = values.json || process.env.npm_config_json === 'true';
const [wanted] = positionals;
const chosen = names.includes(wanted)
  ? [wanted]
  : Object.hasOwn(groups, wanted)
    ? groups[wanted]
    : [];
if (positionals.length !== 1 || chosen.length === 0) usage();

for (const name of chosen) {
  const { run } = await import(join(here, `${name}.mjs`));
  const started = performance.now();
  const [load] = loadavg();
  const result = await run(options);
  const document = documentOf({
    name,
    options,
    result,
    load,
    seconds: (performance.now() - started) / 1000,
  });
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    writeFileSync(join(values.out, `${name}.json`), `${JSON.stringify(document, null, 2)}\n`);
  }
  process.stdout.write(isJson ? `${JSON.stringify(document)}\n` : printed(document));
}
process.exit(0);
