// A commit of 1,000 entries by each store, and beside PostgreSQL's a plain insert of the same rows: tables of the same columns and indexes,
// nothing else. What is committed lies in memory; the contestants take turns, a commit each.
import { join } from 'node:path';
import { atLeast, inTurn, median, rowOf, wantedBy } from './lib/measure.mjs';
import { inScratch } from './lib/scratch.mjs';
import { MadeUpLog } from './delivery/made-up-log.mjs';
import { withParts } from './delivery/parts.mjs';
import { PlainTables, ROWS } from './delivery/plain-insert.mjs';

const built = new URL('../anchor-service/dist/adapters/', import.meta.url);
const { openSqliteStore } = await import(new URL('store-sqlite.js', built));
const { openPostgresStore } = await import(new URL('store-postgres.js', built));

const TURNS = 40;
const WARM_UP = 4;
const SCHEMA = 'bench_store';
const SQLITE = 'SQLite';
const POSTGRES = 'PostgreSQL';
const PLAIN = 'plain insert into PostgreSQL';
const logger = { info() {}, warn() {}, error: (...said) => console.error(...said) };

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, entries, only }) {
  const isWanted = wantedBy(only);
  const turns = entries === null ? TURNS : Math.ceil(entries / ROWS);
  return inScratch((dir) =>
    withParts({ kafka: false, postgres: isWanted(PLAIN) }, async ({ postgres }) => {
      const contestants = [
        ...(isWanted(SQLITE) ? [await sqlite(dir)] : []),
        ...(postgres === null ? [] : await overPostgres(postgres)),
      ];
      try {
        const samples = await commitInTurn(contestants, rounds * turns);
        return {
          ...reportOf(samples, rounds),
          parameters: { commits: turns, entriesACommit: ROWS },
        };
      } finally {
        for (const { close } of contestants) await close();
      }
    }),
  );
}

async function sqlite(dir) {
  return ours(SQLITE, openSqliteStore(join(dir, 'log.sqlite')));
}

async function overPostgres(postgres) {
  const { passwordFile } = postgres;
  const place = { kind: 'postgres', url: postgres.url(), passwordFile, schema: SCHEMA };
  const store = await ours(POSTGRES, await openPostgresStore(place, { logger }));
  const plain = await PlainTables.open(postgres, SCHEMA);
  return [
    { name: PLAIN, commit: (change) => plain.insert(rowsOf(change)), close: () => plain.close() },
    store,
  ];
}

async function ours(name, store) {
  const lease = await store.takeLease();
  return {
    name,
    commit: (change) => store.commit({ ...change, lease }),
    close: () => store.close(),
  };
}

function rowsOf({ leaves, sealed }) {
  return {
    leaves: leaves.map(({ index, hash, entry, position }) => [
      index,
      hash,
      entry,
      ...Object.values(position),
    ]),
    sealed: sealed.map(({ index, bytes }) => [index, bytes]),
  };
}

/** @returns {Promise<Map<string, { ms: number, cpu: number }[]>>}  by contestant, a commit each; cpu of this process, microseconds an entry */
async function commitInTurn(contestants, turns) {
  const log = new MadeUpLog();
  const samples = new Map(contestants.map(({ name }) => [name, []]));
  for (let turn = -WARM_UP; turn < turns; turn++) {
    const change = log.next(ROWS);
    for (const { name, commit } of inTurn(contestants, turn + WARM_UP)) {
      const cpu = process.cpuUsage();
      const started = performance.now();
      await commit(change);
      const ms = performance.now() - started;
      const { user, system } = process.cpuUsage(cpu);
      if (turn >= 0) samples.get(name).push({ ms, cpu: (user + system) / ROWS });
    }
  }
  return samples;
}

function reportOf(samples, rounds) {
  const perRound = (name, of) => {
    const all = samples.get(name).map(of);
    const length = all.length / rounds;
    return Array.from({ length: rounds }, (_, i) =>
      median(all.slice(i * length, (i + 1) * length)),
    );
  };
  const rate = (name) => perRound(name, ({ ms }) => (1000 * ROWS) / ms);
  const rows = [...samples.keys()].flatMap((name) => [
    rowOf(
      `${name}: rate`,
      'entries/s',
      rate(name),
      name === POSTGRES ? [[PLAIN, rate(PLAIN)]] : [],
    ),
    rowOf(
      `${name}: CPU of the client`,
      'us/entry',
      perRound(name, ({ cpu }) => cpu),
    ),
  ]);
  const beside = rows.find(({ ratioTo }) => ratioTo !== undefined)?.ratioTo[0].ratio;
  const name = 'commit of 1,000 entries beside a plain insert';
  return { rows, bars: beside === undefined ? [] : [atLeast(name, 0.7, beside)] };
}
