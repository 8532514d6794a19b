// What a benchmark says, for people and for programs.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const read = (path) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

/** The machine by its class alone; the command as one would type it; `load`: what others did on the machine before it began. */
export function documentOf({ name, options, result, load, seconds }) {
  const { rows, bars, parameters = {} } = result;
  const flags = Object.entries(options).flatMap(([flag, value]) =>
    value === null ? [] : [`--${flag} ${/\s/.test(value) ? `'${value}'` : value}`],
  );
  return {
    name,
    command: ['npm run bench --', name, ...flags].join(' '),
    date: new Date().toISOString().slice(0, 10),
    seconds: Math.round(seconds),
    node: process.version,
    loadBefore: Number(load.toFixed(1)),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
    versions: versionsOfPeers(),
    parameters: { rounds: options.rounds, ...parameters },
    rows,
    bars,
  };
}

/** What ours is measured with or against. */
const peers = [
  '@opentelemetry/sdk-trace-node',
  '@openzeppelin/merkle-tree',
  'autocannon',
  'canonicalize',
  'express',
  'kafkajs',
  'libsql',
  'merkletreejs',
  'morgan',
  'pg',
  'pino-http',
];

function versionsOfPeers() {
  const { packages } = read('node_modules/.package-lock.json');
  return Object.fromEntries(
    peers.flatMap((name) => {
      const version = packages[`node_modules/${name}`]?.version;
      return version === undefined ? [] : [[name, version]];
    }),
  );
}

export function number(value) {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-US')
    : Number(value.toPrecision(3)).toString();
}

/** A table and the bars under it. */
export function printed({
  name,
  date,
  machine,
  node,
  seconds,
  loadBefore,
  parameters,
  rows,
  bars,
}) {
  const table = [['', 'unit', 'median', 'min', 'max', 'ratio'], ...rows.map(cells)];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  const lines = table.map((row) =>
    row
      .map((cell, i) => (i > 1 && i < 5 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const verdicts = bars.map(
    ({ name: what, want, got, holds }) =>
      `${holds ? 'holds ' : 'FAILS '} ${what}: want ${want}, got ${got}`,
  );
  const head = `${name}: ${machine.cpu}, ${machine.cores} cores, ${node}, ${parameters.rounds} rounds, ${seconds} s, load before it ${loadBefore}, ${date}`;
  return `${[head, '', ...lines, '', ...verdicts].join('\n').trimEnd()}\n\n`;
}

function cells(row) {
  return [
    row.name,
    row.unit,
    number(row.median),
    number(row.min),
    number(row.max),
    (row.ratioTo ?? []).map(ratio).join(', '),
  ];
}

function ratio({ name, ratio: middle, min, max }) {
  const spread = min === max ? '' : ` (${number(min)}-${number(max)})`;
  return `${number(middle)}${spread} × ${name}`;
}
