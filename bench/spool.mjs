// Durable appends: how many a second, and how long each waits, from one writer to a thousand. Nothing counts before it is on disk.
import { fdatasync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { randomBytes, randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { inTurn, median, rowOf } from './lib/measure.mjs';
import { openBenchSealer } from './lib/sealer.mjs';

const root = new URL('..', import.meta.url).pathname;
/** pino's own copy of its file writer */
const SonicBoom = createRequire(
  createRequire(join(root, 'anchor-service/package.json')).resolve('pino'),
)('sonic-boom');
const WRITERS = [1, 16, 64, 256, 1024];
const MILLISECONDS = 500;

/** @param {{ rounds: number }} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  const dir = mkdtempSync(join(root, '.cache', 'bench-'));
  try {
    const recordBytes = await spoolRecordBytes(join(dir, 'probe'));
    const contestants = {
      spool: () => spool(dir),
      'sonic-boom with fsync': () => sonicBoom(dir, recordBytes),
      'SQLite insert': () => sqlite(dir, recordBytes),
      'group commit alone': () => groupCommit(dir, recordBytes),
    };
    const samples = new Map();
    for (let round = 0; round < rounds; round++)
      for (const writers of WRITERS)
        for (const [name, open] of inTurn(Object.entries(contestants), round)) {
          const key = `${writers} writers: ${name}`;
          const { append, close } = await open();
          await appendFor(append, writers, 150);
          const sample = await appendFor(append, writers, MILLISECONDS);
          await close();
          samples.set(key, [...(samples.get(key) ?? []), sample]);
        }
    return {
      rows: WRITERS.flatMap((writers) => rowsOf(writers, contestants, samples)),
      bars: [],
      parameters: { writers: WRITERS, recordBytes, milliseconds: MILLISECONDS },
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function rowsOf(writers, contestants, samples) {
  const of = (name, what) => samples.get(`${writers} writers: ${name}`).map((one) => one[what]);
  return Object.keys(contestants).flatMap((name) => {
    const against = name === 'spool' ? Object.keys(contestants).filter((one) => one !== name) : [];
    const title = `${writers} writers: ${name}`;
    return [
      rowOf(
        title,
        'appends/s',
        of(name, 'rate'),
        against.map((other) => [other, of(other, 'rate')]),
      ),
      rowOf(`${title}: p50`, 'ms', of(name, 'p50')),
      rowOf(`${title}: p99`, 'ms', of(name, 'p99')),
    ];
  });
}

/** Each writer waits until its record is durable before it brings the next. */
async function appendFor(append, writers, milliseconds) {
  const started = performance.now();
  const end = started + milliseconds;
  const waits = [];
  const writer = async () => {
    for (let from = performance.now(); from < end; from = performance.now()) {
      await append();
      waits.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const seconds = (performance.now() - started) / 1000;
  waits.sort((a, b) => a - b);
  return {
    rate: waits.length / seconds,
    p50: median(waits),
    p99: waits[Math.floor(waits.length * 0.99)],
  };
}

let opened = 0;

/** The sealing thread: an intent, encrypted, hashed, in its place in the chain. */
async function spool(dir) {
  const sealer = await openBenchSealer(join(dir, `spool-${opened++}`));
  return { append: () => sealer.seal(intent()), close: () => sealer.close() };
}

async function spoolRecordBytes(dir) {
  const sealer = await openBenchSealer(dir);
  const { spoolBytes: before } = await sealer.status();
  for (let i = 0; i < 100; i++) await sealer.seal(intent());
  const { spoolBytes: after } = await sealer.status();
  await sealer.close();
  return Math.round((after - before) / 100);
}

const body = Buffer.from('{"id":"applicant-1","income":5000,"amount":1200,"months":24}');
let ids = 0;

function intent() {
  return {
    kind: 'intent',
    decisionId: (ids++).toString(16).padStart(32, '0'),
    call: null,
    features: null,
    facts: {
      subject: null,
      route: 'POST /v1/applications',
      startedAt: Date.now(),
      trace: null,
      idempotencyKey: null,
      body,
      raw: true,
      contentType: 'application/json',
    },
  };
}

/** pino's file writer, told to sync what it writes. */
function sonicBoom(dir, bytes) {
  const record = randomBytes(bytes / 2).toString('hex');
  const boom = new SonicBoom({ dest: join(dir, `boom-${opened++}`), fsync: true, minLength: 1 });
  boom.setMaxListeners(0); // each waiting writer is one
  return {
    append: () =>
      new Promise((resolve, reject) => {
        boom.write(record);
        boom.flush((error) => (error ? reject(error) : resolve()));
      }),
    close: () => new Promise((resolve) => boom.once('close', resolve) && boom.end()),
  };
}

/** A transaction for each, one after the other, WAL and synchronous FULL: what the log's store runs on. */
function sqlite(dir, bytes) {
  const Database = createRequire(join(root, 'anchor-service/package.json'))('libsql');
  const database = new Database(join(dir, `rows-${opened++}.sqlite`));
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE record (bytes BLOB)',
  );
  const insert = database.prepare('INSERT INTO record VALUES (?)');
  const record = randomBytes(bytes);
  return {
    append: queued((waiting) => {
      insert.run([record]);
      waiting.shift()();
    }),
    close: () => database.close(),
  };
}

/** What a spool could do if it did nothing but write and sync what waits. */
function groupCommit(dir, bytes) {
  const fd = openSync(join(dir, `group-${opened++}`), 'w');
  const records = randomFillSync(Buffer.alloc(bytes * Math.max(...WRITERS)));
  return {
    append: queued((waiting) => {
      const group = waiting.splice(0);
      writeSync(fd, records, 0, group.length * bytes);
      return new Promise((resolve, reject) =>
        fdatasync(fd, (error) => {
          if (error) return reject(error);
          for (const done of group) done();
          resolve();
        }),
      );
    }),
    close: () => closeSync(fd),
  };
}

/** @param {(waiting: (() => void)[]) => unknown} step  takes from the front and tells whom it served */
function queued(step) {
  const waiting = [];
  let running = false;
  const serve = async () => {
    running = true;
    while (waiting.length > 0) {
      await step(waiting);
      await new Promise(setImmediate);
    }
    running = false;
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!running) void serve();
    });
}
