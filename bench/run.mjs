// npm run bench -- NAME [--rounds N] [--json]: runs one benchmark, prints a table and which bars hold. Always exits 0 when it measured.
import { readFileSync, readdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const here = new URL('.', import.meta.url).pathname;
const names = readdirSync(here)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.slice(0, -4))
  .sort();
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const json = values.json || process.env.npm_config_json === 'true';
const rounds = Number(values.rounds);
const wanted = positionals[0];
if (!names.includes(wanted ?? '') || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: npm run bench -- ${names.join('|')} [--rounds N] [--json]`);
  process.exit(64);
}

const { run } = await import(join(here, `${wanted}.mjs`));
const { rows, bars } = await run({ rounds });
const packages = JSON.parse(
  readFileSync(new URL('../node_modules/.package-lock.json', import.meta.url), 'utf8'),
).packages;
const peers = [
  ...Object.keys(
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).devDependencies,
  ),
  '@noble/hashes',
  'express',
];
const versions = {
  node: process.version,
  ...Object.fromEntries(
    peers.flatMap((name) => {
      const version = packages[`node_modules/${name}`]?.version;
      return version === undefined ? [] : [[name, version]];
    }),
  ),
};
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  platform: `${process.platform} ${process.arch}`,
};

if (json) process.stdout.write(`${JSON.stringify({ machine, versions, rows, bars })}\n`);
else {
  console.log(
    `${wanted}: ${machine.cpu}, ${machine.cores} cores, ${process.version}, ${rounds} rounds\n`,
  );
  const number = (value) =>
    value >= 100
      ? Math.round(value).toLocaleString('en-US')
      : Number(value.toPrecision(3)).toString();
  const table = [
    ['', 'unit', 'median', 'min', 'max', 'ratio'],
    ...rows.map((row) => [
      row.name,
      row.unit,
      number(row.median),
      number(row.min),
      number(row.max),
      (row.ratioTo ?? []).map(({ name, ratio }) => `${number(ratio)} × ${name}`).join(', '),
    ]),
  ];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, i) => (i > 1 && i < 5 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    );
  console.log('');
  for (const { name, want, got, holds } of bars)
    console.log(`${holds ? 'holds ' : 'FAILS '} ${name}: want ${want}, got ${got}`);
}
process.exit(0);
