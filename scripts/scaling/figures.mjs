// What the benches measured, read from bench/results.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = ['ingest', 'curve', 'path', 'startup', 'anchor'];

/** @param {string} dir  folder of `--out` */
export function readResults(dir) {
  return Object.fromEntries(
    NAMES.map((name) => [name, JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8'))]),
  );
}

/** @returns {number} the median of the one row whose name ends so */
export function measured({ name, rows }, end) {
  const found = rows.filter((row) => row.name.endsWith(end));
  if (found.length !== 1)
    throw new Error(`${found.length} rows of ${name}.json end with "${end}", want 1`);
  return found[0].median;
}

/** @param {ReturnType<typeof readResults>} results */
export function figuresOf(results) {
  const { ingest, path, startup, anchor } = results;
  const bytesIn = (way) => {
    const sealed = measured(ingest, `${way}: sealed payloads in it`);
    return {
      database: measured(ingest, `${way}: database`) - sealed,
      sealed,
      tiles: measured(ingest, `${way}: tiles`),
    };
  };
  const figures = (way) => ({
    rate: measured(ingest, `${way}: rate`),
    cpu: measured(ingest, `${way}: CPU`),
    p99: measured(ingest, `${way}, at half of that rate: p99 to checkpoint`),
    bytes: bytesIn(way),
  });
  return {
    sqlite: figures('embedded, SQLite'),
    postgres: figures('Kafka, PostgreSQL'),
    memoryEntries: sustainedEntries(ingest),
    memoryStartMb: measured(ingest, 'memory at the start'),
    memoryMb: measured(ingest, 'memory at the end'),
    memorySlope: measured(ingest, 'memory slope'),
    decisionsPerSecond: measured(path, 'whole path: decisions under a signed checkpoint'),
    appCpu: measured(path, 'whole path: CPU of the application'),
    startLeaves: startup.parameters.leaves,
    startSeconds: measured(startup, 'stopped: first answer'),
    killedSeconds: measured(startup, 'leaves, killed: first answer'),
    gas: anchor.rows
      .filter(({ unit }) => unit === 'gas')
      .map(({ name, median }) => ({ leaves: leavesIn(name), gas: median })),
  };
}

function sustainedEntries({ rows }) {
  return rows.find(({ name }) => /sustained for \d+ s: entries$/.test(name)).median;
}

function leavesIn(name) {
  return Number(/at ([\d,]+) leaves/.exec(name)[1].replaceAll(',', ''));
}
