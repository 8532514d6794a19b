// docs/scaling.md as text: what was measured, what follows from it for whom, and how a log is split.
import { customers, inputs } from './customers.mjs';
import { planFor } from './arithmetic.mjs';
import { figuresOf } from './figures.mjs';

const units = ['', 'k', 'M', 'G', 'T', 'P'];

/** Three digits, with a unit of a thousand. */
function short(value, unit = '') {
  let at = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 1_000 && at < units.length - 1) {
    scaled /= 1_000;
    at++;
  }
  const digits = scaled >= 100 ? String(Math.round(scaled)) : String(Number(scaled.toPrecision(3)));
  return `${digits} ${units[at]}${unit}`.trim();
}

function exact(value) {
  const rounded = value >= 100 ? Math.round(value) : Number(value.toPrecision(2));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 12 });
}

function table(rows) {
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |`);
  return [head, `|${rows[0].map(() => '---').join('|')}|`, ...body].join('\n');
}

/** @param {ReturnType<import('./figures.mjs').readResults>} results */
export function scalingPage(results) {
  const figures = figuresOf(results);
  const plans = customers.map((customer) => planFor(customer, figures, inputs));
  return [
    '<!-- Made by `node scripts/make-scaling.mjs` from bench/results; change the inputs in scripts/scaling/customers.mjs. -->',
    '# Scaling',
    oneLog(figures),
    measuredWith(results),
    curveTable(results.curve),
    splitting,
    stores(figures),
    theSums(plans),
    formulas,
    '',
  ].join('\n\n');
}

function oneLog({ sqlite, postgres, memoryMb, memorySlope, startSeconds, killedSeconds, ...rest }) {
  const row = (name, of, format) => [name, format(of(sqlite)), format(of(postgres))];
  return `A log has one sequencer. It puts entries into one order in one transaction after another, so a log is as fast as that, and more
speed is more logs. This page says what one log does, how a producer's decisions are spread over several, and what four
customers need.

## One log

${table([
  ['', 'embedded, SQLite', 'Kafka, PostgreSQL'],
  row('entries/s, from `accepted` to a signed checkpoint', ({ rate }) => rate, exact),
  row('the same, planned for: half of it', ({ rate }) => rate * inputs.load, exact),
  row('p99 to a signed checkpoint at half of it, ms', ({ p99 }) => p99, exact),
  row('CPU an entry, µs', ({ cpu }) => cpu, exact),
  row('database without payloads, bytes an entry', ({ bytes }) => bytes.database, exact),
  row('sealed payloads, bytes an entry', ({ bytes }) => bytes.sealed, exact),
  row('tiles, bytes an entry', ({ bytes }) => bytes.tiles, exact),
])}

A decision is two entries: its intent and itself. Through one Express process, with a model of depth 4 × 100, the whole path did
${exact(rest.decisionsPerSecond)} decisions/s at ${exact(rest.appCpu)} µs of CPU each in the application. With Kafka the CPU is the service's and the publisher's together.

Over ${exact(rest.memoryEntries)} entries without a pause the service went from ${exact(rest.memoryStartMb)} to ${exact(memoryMb)} MB; the straight line through its memory, once warm, rises by
${exact(memorySlope)} MB for a million entries, which says something from a million on. With ${exact(rest.startLeaves)}
leaves it answered ${exact(startSeconds)} s after a clean stop and ${exact(killedSeconds)} s after kill -9, when the database is looked at first.`;
}

function measuredWith(results) {
  const { machine, node } = results.ingest;
  const lines = Object.values(results).map(
    ({ command, date, loadBefore }) =>
      `- \`${command}\`, ${date}, load of the machine before it ${loadBefore}`,
  );
  return `Measured on ${machine.cores} cores (${machine.cpu}), Node ${node.slice(1)}, load generator, broker and database on the same machine:

${lines.join('\n')}

Another machine gives other numbers. Run the benches there with \`--out DIR\`, then \`node scripts/make-scaling.mjs DIR\`.`;
}

function curveTable({ rows }) {
  const largest = rows.at(-1).name.split(':')[0];
  const sizes = [...new Set(rows.map(({ name }) => name.split(':')[0]))];
  const of = (size, what) => exact(rows.find(({ name }) => name === `${size}: ${what}`).median);
  return `What an entry costs as its log grows:

${table([
  ['log', 'CPU, µs', 'bytes', 'memory, MB'],
  ...sizes.map((size) => [size, of(size, 'CPU'), of(size, 'bytes stored'), of(size, 'memory')]),
])}

The largest log that was measured has ${largest}. Below, larger ones are taken to cost the same an entry, which nobody has measured here: where
a log is to become much larger, measure it, or begin a successor log each year.`;
}

const splitting = `## More than one log

Split by **who produces**, never by decision: every producer, which is one process that spools, belongs to one log for as long as its name lives.
Its configuration names the genesis of that log, and its promises hold for that log alone. Then split by what is asked together:

| a log for each | when |
|---|---|
| product | an inspector looks at one product at a time; the first split to make |
| region or legal entity | who may see, keep and erase differs |
| tenant | tenants do not trust each other; each gets its own keys, policy file and origin |
| group of producers | one product alone is more than one log can take |

One service runs several logs, each on a thread of its own with its own origin, key, store and head; a thousand tenants are some services with
many small logs each. What is shared is the machine: a log that is saturated takes a core, not its neighbours' order of writes.

**What completeness means then.** Within a log: a producer's sequence has no hole that is not announced, and nothing accepted is missing.
Across logs nothing is promised by itself. There is no order between entries of two logs but their clocks, and no proof that a third log does not exist. So

- fix the list of logs and of the producers in each where the reader can see it: one policy file a log, handed over together, and the registrar's
  \`key\` entries, which say who may write where;
- count by log and add: a figure over several logs names each log with the size and root that it was taken at;
- move a producer by ending its epoch in the old log, which is signed, and beginning with a **new name** in the new one. The same name in two logs
  is two streams, and who sees one of them takes it for the whole.

A producer that is registered nowhere is what no log can show. That is found outside: by receipts that applicants hold, and by comparing
the number of decisions with the books.`;

function stores({ sqlite, postgres }) {
  return `## Which store, which files

| from | to | when |
|---|---|---|
| SQLite | PostgreSQL | a stand-by on another machine must take over within seconds; backups and replicas are somebody's trade already; one disk no longer holds the database |
| a folder | an S3-compatible store | readers must not reach the service's machine; one disk no longer holds the tiles; the store has to forbid deletion |
| the service's own HTTP | a CDN over the store | many readers: full tiles never change and may be cached for ever; only \`checkpoint\` and partial tiles are new |

On one machine the two did ${exact(sqlite.rate)} and ${exact(postgres.rate)} entries/s: leave SQLite for what it cannot do, not for its rate. With an object store a longer
\`checkpointIntervalMs\` makes fewer requests; what it costs is the time until an entry is \`logged\`, never whether it was \`accepted\`.`;
}

function theSums(plans) {
  const column = (name, of) => [name, ...plans.map(of)];
  const input = (name, of) => [name, ...customers.map(of)];
  const bytes = (what) => column(`${what}, a year`, (plan) => short(plan.bytesPerYear[what], 'B'));
  return `## Four customers

Inputs, chosen and not measured:

${table([
  ['', ...customers.map(({ name }) => name)],
  input('tenants', ({ tenants }) => exact(tenants)),
  input('decisions a day, each', ({ decisionsPerDay }) => exact(decisionsPerDay)),
  input('busiest second over the mean', ({ peak }) => exact(peak)),
  input('producers, each', ({ producers }) => exact(producers)),
  input('store', ({ store }) => (store === 'sqlite' ? 'SQLite' : 'Kafka, PostgreSQL')),
  input('seconds between checkpoints', ({ checkpointSeconds }) => exact(checkpointSeconds)),
  input('anchors a day, each log', ({ anchorsPerDay }) => exact(anchorsPerDay)),
])}

What follows:

${table([
  ['', ...customers.map(({ name }) => name)],
  column('entries/s in the busiest second', (plan) => exact(plan.peakEntries)),
  column('entries/s planned for one log', (plan) => exact(plan.planned)),
  column('**logs**', (plan) => exact(plan.logs)),
  column(`services, ${inputs.logsPerService} logs each at most`, (plan) => exact(plan.services)),
  column('cores of all services in the busiest second', (plan) => exact(plan.cores)),
  column('memory of a service, at most', (plan) => short(plan.memoryMb * 1e6, 'B')),
  column('leaves of a log after a year', (plan) => short(plan.leavesAfterAYear)),
  bytes('database'),
  bytes('sealed'),
  bytes('tiles'),
  column('full tiles, a year', (plan) => short(plan.tilesPerYear)),
  column('object store: PUT a day', (plan) => short(plan.putsPerDay)),
  column('object store: GET a day', (plan) => short(plan.getsPerDay)),
  column('price of these requests a day', (plan) => exact(plan.requestCostPerDay)),
  column('gas a day', (plan) => short(plan.gasPerDay)),
  column('price of gas a day', (plan) => exact(plan.costPerDay)),
  column('price of gas a decision', (plan) => exact(plan.costPerDecision)),
])}

Prices are inputs too, in one currency: gas ${inputs.gasPriceGwei} × 10^-9 coin, a coin ${exact(inputs.coinPrice)}, a million PUT ${inputs.pricePerMillionPuts}, a million GET ${inputs.pricePerMillionGets}. Gas counts are of
the hard fork that the bench names; what gas costs differs widely between chains and hours, so put yours in. A stand-by, replicas and backups are
not counted. Sealed payloads go when retention ends or a person is erased; database and tiles stay.`;
}

const formulas = `## How it is computed

- entries a day of a log = decisions × ${inputs.entriesPerDecision} ÷ logs + ${inputs.heartbeatsPerDay.toLocaleString('en-US')} heartbeats of each producer and of the service
- logs of a tenant = entries/s in the busiest second ÷ (measured rate × ${inputs.load}), rounded up
- full tiles = ⌊leaves ÷ 256⌋ bundles and ⌊leaves ÷ 256^k⌋ hash tiles of each level k
- requests = checkpoints × (tiles that a checkpoint of that growth touches, averaged, + 1), read again but for the note, and one tile of each level
- checkpoints a day = at most one in each interval, at most one an entry
- gas of an anchor = between the measured sizes on both sides, by the logarithm of the size after a year`;
