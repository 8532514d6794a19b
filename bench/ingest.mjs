// From `accepted` to a signed checkpoint: the delivery path alone, on entries that were sealed beforehand, over every transport and
// store; beside it, in the same minutes, a Tessera POSIX log and a plain insert into PostgreSQL.
import { join } from 'node:path';
import { wantedBy } from './lib/measure.mjs';
import { inScratch } from './lib/scratch.mjs';
import { openDelivery } from './delivery/delivery.mjs';
import { drain, memorySlope } from './delivery/drain.mjs';
import { EMBEDDED, MEMORY_ENTRIES, ingestReport } from './delivery/ingest-report.mjs';
import { pace } from './delivery/pace.mjs';
import { withParts } from './delivery/parts.mjs';
import { plainInsert } from './delivery/plain-insert.mjs';
import { GROUP, makeSetUp, messageSizes, prepareSpool } from './delivery/set-up.mjs';
import { postgresStore, sqliteStore } from './delivery/stores.mjs';
import { TESSERA_WRITERS, buildTessera, feedTessera } from './delivery/tessera.mjs';

const ENTRIES = 60_000;
const SUSTAINED_SECONDS = 60;
const PACED_SECONDS = 4;
const TESSERA_SECONDS = 4;
const SUSTAINED_ROOM = 1.5;

/** transport and store, and what they need on the machine */
const ways = [
  { name: EMBEDDED, kafka: false, postgres: false },
  { name: 'embedded, PostgreSQL', kafka: false, postgres: true },
  { name: 'Kafka, SQLite', kafka: true, postgres: false },
  { name: 'Kafka, PostgreSQL', kafka: true, postgres: true },
];

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, entries, seconds, only }) {
  const isWanted = wantedBy(only);
  const needs = (part) => ways.some((way) => isWanted(way.name) && way[part]);
  const wanted = { kafka: needs('kafka'), postgres: needs('postgres') };
  return inScratch((dir) =>
    withParts(wanted, async (parts) => {
      const bench = new IngestBench(dir, parts, entries ?? ENTRIES, isWanted);
      await bench.prepare();
      for (let round = 0; round < rounds; round++) await bench.round(round);
      await bench.sustain(seconds ?? SUSTAINED_SECONDS);
      return { ...ingestReport(bench.samples), parameters: await bench.parameters() };
    }),
  );
}

class IngestBench {
  #dir;
  #parts;
  #entries;
  #setUp;
  #spool;
  #tessera;
  #entryBytes;
  #isWanted;
  /** by contestant */
  samples = { ours: new Map(), tessera: [], tesseraPaced: [], plain: new Map(), sustained: null };

  constructor(dir, parts, entries, isWanted) {
    this.#isWanted = isWanted;
    this.#dir = dir;
    this.#parts = parts;
    this.#entries = entries;
    this.#spool = join(dir, 'prepared');
  }

  async prepare() {
    const { intent, decision } = await messageSizes();
    this.#entryBytes = Math.round((intent.entry + decision.entry) / 2);
    this.#setUp = makeSetUp(join(this.#dir, 'set-up'));
    await prepareSpool(this.#setUp, this.#spool, this.#entries);
    this.#tessera = this.#isWanted('tessera') ? buildTessera() : null;
    for (const [name] of this.#ways()) this.samples.ours.set(name, { drained: [], paced: [] });
  }

  async parameters() {
    return {
      entries: this.#entries,
      entriesUnderAPromise: GROUP,
      checkpointIntervalMs: 100,
      pacedSeconds: PACED_SECONDS,
      messageBytes: await messageSizes(),
      tesseraWriters: TESSERA_WRITERS,
      tesseraEntryBytes: this.#entryBytes,
    };
  }

  /** @returns {[name: string, open: () => Promise<import('./delivery/delivery.mjs').Delivery>][]} */
  #ways() {
    const parts = this.#parts;
    const has = (part) => parts[part] !== null;
    const inPostgres = (dir) => (this.#schema = postgresStore(dir, parts.postgres));
    return ways
      .filter(({ name }) => this.#isWanted(name))
      .filter(({ kafka, postgres }) => (!kafka || has('kafka')) && (!postgres || has('postgres')))
      .map(({ name, kafka, postgres }) => {
        const store = postgres ? inPostgres : sqliteStore;
        const transport = kafka ? parts.kafka : null;
        const common = { setUp: this.#setUp, dir: this.#dir };
        return [name, () => openDelivery({ ...common, store, kafka: transport })];
      });
  }
  #schema = null;

  async round(round) {
    for (const [name, open] of this.#ways()) {
      const { drained, paced } = this.samples.ours.get(name);
      const load = { from: this.#spool, entries: this.#entries };
      const besideEnd = name.endsWith('PostgreSQL') ? () => this.#insertPlainly(name) : undefined;
      drained.push(await drain(await open(), load, besideEnd));
      if (round === 0) this.#halfRates.set(name, Math.ceil(drained[0].rate / 2));
      if (name === EMBEDDED) this.#feedTessera('tessera', 0);
      const rate = this.#halfRates.get(name);
      paced.push(await pace(await open(), { from: this.#spool, rate, seconds: PACED_SECONDS }));
      if (name === EMBEDDED) this.#feedTessera('tesseraPaced', rate);
    }
  }
  #halfRates = new Map();

  #feedTessera(row, rate) {
    if (this.#tessera === null) return;
    const load = { seconds: TESSERA_SECONDS, bytes: this.#entryBytes, rate };
    this.samples[row].push(feedTessera(this.#tessera, this.#dir, load));
  }

  async #insertPlainly(name) {
    const { plain } = this.samples;
    const rate = await plainInsert(this.#parts.postgres, this.#schema.schema);
    plain.set(name, [...(plain.get(name) ?? []), rate]);
  }

  /** As many entries as a minute takes, or a million, whichever is asked for; memory is looked at all along. */
  async sustain(seconds) {
    const [[name, open] = []] = this.#ways();
    if (name !== EMBEDDED || seconds === 0) return;
    const { rate } = this.samples.ours.get(name).drained[0];
    const least = seconds < SUSTAINED_SECONDS ? 1 : MEMORY_ENTRIES;
    const entries = Math.max(least, Math.ceil(rate * seconds * SUSTAINED_ROOM));
    const spool = join(this.#dir, 'sustained');
    await prepareSpool(this.#setUp, spool, entries);
    const drained = await drain(await open(), { from: spool, entries, seconds, least });
    this.samples.sustained = { ...drained, memory: memorySlope(drained.memory) };
  }
}
