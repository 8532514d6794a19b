// Rows and bars of the ingest benchmark.
import { atLeast, atMost, bar, median, rowOf } from '../lib/measure.mjs';

const RATE_BAR = 20_000;
const P99_BAR_MS = 300;
/** that memory is looked at over, however long it takes, unless a shorter run was asked for */
export const MEMORY_ENTRIES = 1_000_000;
/** what counts as flat, of a service that holds about 200 MB: an upper end of noise, not of growth */
const FLAT_MB_PER_MILLION = 25;

export const EMBEDDED = 'embedded, SQLite';

const of = (samples, what) => samples.map((sample) => sample[what]);

/** @returns {import('../lib/measure.mjs').BenchResult} */
export function ingestReport({ ours, tessera, tesseraPaced, plain, sustained }) {
  const embedded = ours.get(EMBEDDED);
  const beside = (what) => (tessera.length === 0 ? [] : [['tessera', of(tessera, what)]]);
  const rows = [];
  for (const [name, samples] of ours)
    rows.push(...rowsOf(name, samples, name === EMBEDDED ? beside : () => []));
  const bars = embedded === undefined ? [] : [promptBar(embedded)];
  if (tessera.length > 0 && embedded !== undefined) {
    rows.push(...tesseraRows(tessera, tesseraPaced));
    const ratio = (what) =>
      rowOf('', '', of(embedded.drained, what), beside(what)).ratioTo[0].ratio;
    bars.push(
      bar('goal: rate beside Tessera', 'ratio of at least 1', ratio('rate'), (got) => got >= 1),
      atMost('CPU an entry beside Tessera', 2, ratio('cpu')),
    );
  }
  for (const [name, rates] of plain) addPlain(rows, bars, [name, ours.get(name)], rates);
  if (sustained !== null) addSustained(rows, bars, sustained);
  return { rows, bars };
}

function promptBar({ paced }) {
  const name = 'embedded: p99 to a signed checkpoint at half rate, ms';
  return atMost(name, P99_BAR_MS, median(of(paced, 'p99')));
}

function rowsOf(name, { drained, paced }, beside) {
  const bytes = (what) => drained.map((sample) => sample.bytes[what]);
  return [
    rowOf(`${name}: rate`, 'entries/s', of(drained, 'rate'), beside('rate')),
    rowOf(`${name}: CPU`, 'us/entry', of(drained, 'cpu'), beside('cpu')),
    rowOf(`${name}: database`, 'bytes/entry', bytes('database')),
    rowOf(`${name}: sealed payloads in it`, 'bytes/entry', bytes('sealed')),
    rowOf(`${name}: tiles`, 'bytes/entry', bytes('tiles')),
    rowOf(`${name}, at half of that rate: p50 to checkpoint`, 'ms', of(paced, 'p50')),
    rowOf(`${name}, at half of that rate: p99 to checkpoint`, 'ms', of(paced, 'p99')),
  ];
}

function tesseraRows(tessera, paced) {
  return [
    rowOf('tessera: rate', 'entries/s', of(tessera, 'rate')),
    rowOf('tessera: CPU', 'us/entry', of(tessera, 'cpu')),
    rowOf('tessera, at the same half rate: p50 to checkpoint', 'ms', of(paced, 'p50')),
    rowOf('tessera, at the same half rate: p99 to checkpoint', 'ms', of(paced, 'p99')),
  ];
}

/** Of the whole path, which shares the processors with the database; a commit alone is what `bench store` measures. */
function addPlain(rows, bars, [way, { drained }], plain) {
  const name = `${way}: rate`;
  const at = rows.findIndex((row) => row.name === name);
  rows[at] = rowOf(name, 'entries/s', of(drained, 'rate'), [['plain insert', plain]]);
  rows.push(rowOf(`plain insert of 1,000 rows beside ${way}`, 'entries/s', plain));
  bars.push(atLeast(`${way}: whole path beside a plain insert`, 0.7, rows[at].ratioTo[0].ratio));
}

function addSustained(rows, bars, { rate, cpu, seconds, entries, memory }) {
  const name = `sustained for ${Math.round(seconds)} s`;
  const { startMb, endMb, mbPerMillion } = memory;
  rows.push(
    rowOf(`embedded, SQLite, ${name}: rate`, 'entries/s', [rate]),
    rowOf(`embedded, SQLite, ${name}: CPU`, 'us/entry', [cpu]),
    rowOf(`embedded, SQLite, ${name}: entries`, 'entries', [entries]),
    rowOf(`embedded, SQLite, ${name}: memory at the start`, 'MB', [startMb]),
    rowOf(`embedded, SQLite, ${name}: memory at the end`, 'MB', [endMb]),
    rowOf(`embedded, SQLite, ${name}: memory slope`, 'MB/million', [mbPerMillion]),
  );
  bars.push(atLeast(`entries/s, embedded, ${name}`, RATE_BAR, rate));
  // Of fewer it would say nothing.
  if (entries >= MEMORY_ENTRIES)
    bars.push(
      atMost(
        `memory flat over ${entries.toLocaleString('en-US')} entries: MB/million`,
        FLAT_MB_PER_MILLION,
        mbPerMillion,
      ),
    );
}
