// From `accepted` to a signed checkpoint: the delivery path alone, on entries that were sealed beforehand; beside it a
// Tessera POSIX log in the same minutes, where Go is there.
import { fork, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SPOOL_MESSAGE, decodeSpoolHeader, readSpoolRecord } from '@showcause/core';
import { atLeast, atMost, bar, median, rowOf } from './lib/measure.mjs';

const root = new URL('..', import.meta.url).pathname;
const ENTRIES = Number(process.env.SHOWCAUSE_BENCH_ENTRIES ?? 200_000);
const TESSERA_WRITERS = 256;
const TESSERA_SECONDS = 10;
/** about what a decision entry takes */
const ENTRY_BYTES = 600;
const PACED_SECONDS = 6;
const TICK_MS = 10;

/** @param {{ rounds: number }} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  const dir = mkdtempSync(join(root, '.cache', 'bench-'));
  try {
    prepare(dir);
    const tessera = buildTessera();
    const ours = [];
    const paced = [];
    const theirs = [];
    const theirsPaced = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await drain(dir));
      if (tessera !== null) theirs.push(feedTessera(tessera, dir, 0));
      const half = Math.floor(ours[0].rate / 2);
      paced.push(await pace(dir, half));
      if (tessera !== null) theirsPaced.push(feedTessera(tessera, dir, half));
    }
    return report({ ours, paced, theirs, theirsPaced });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function report({ ours, paced, theirs, theirsPaced }) {
  const of = (samples, what) => samples.map((sample) => sample[what]);
  const beside = (what) => (theirs.length === 0 ? [] : [['tessera', of(theirs, what)]]);
  const rows = [
    rowOf('embedded, SQLite: rate', 'entries/s', of(ours, 'rate'), beside('rate')),
    rowOf('embedded, SQLite: CPU', 'us/entry', of(ours, 'cpu'), beside('cpu')),
    rowOf('embedded, SQLite: memory', 'MB', of(ours, 'rss')),
    rowOf('embedded, SQLite: bytes stored', 'bytes/entry', of(ours, 'bytes')),
    rowOf('at half of that rate: p50 to checkpoint', 'ms', of(paced, 'p50')),
    rowOf('at half of that rate: p99 to checkpoint', 'ms', of(paced, 'p99')),
  ];
  const bars = [
    atLeast('entries/s, embedded', 20_000, median(of(ours, 'rate'))),
    atMost('p99 to a signed checkpoint at half rate, ms', 300, median(of(paced, 'p99'))),
  ];
  if (theirs.length === 0) return { rows, bars };
  rows.push(
    rowOf('tessera: rate', 'entries/s', of(theirs, 'rate')),
    rowOf('tessera: CPU', 'us/entry', of(theirs, 'cpu')),
    rowOf('tessera at the same half rate: p50 to checkpoint', 'ms', of(theirsPaced, 'p50')),
    rowOf('tessera at the same half rate: p99 to checkpoint', 'ms', of(theirsPaced, 'p99')),
  );
  const ratio = (what) => rowOf('', '', of(ours, what), beside(what)).ratioTo[0].ratio;
  bars.push(
    bar('goal: rate beside Tessera', 'ratio of at least 1', ratio('rate'), (got) => got >= 1),
    atMost('CPU an entry beside Tessera', 2, ratio('cpu')),
  );
  return { rows, bars };
}

function prepare(dir) {
  const script = join(root, 'bench/lib/prepare-spool.mjs');
  const { status } = spawnSync(process.execPath, [script, join(dir, 'set-up'), `${ENTRIES}`], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('the spool could not be prepared');
}

/** The service runs, then a whole spool is there at once. */
async function drain(dir) {
  const spool = mkdtempSync(join(dir, 'whole-'));
  const service = await startService(dir, spool);
  const before = await service.ask();
  const started = performance.now();
  const source = join(dir, 'set-up/producer/spool');
  for (const name of segmentsOf(source)) linkSync(join(source, name), join(spool, name));
  let now = before;
  while (now.signedSize < ENTRIES) now = await soon(service);
  const seconds = (performance.now() - started) / 1000;
  const count = now.signedSize - before.signedSize;
  const bytes = folderBytes(service.dir);
  await service.end();
  return {
    rate: count / seconds,
    cpu: (now.cpu - before.cpu) / count,
    rss: now.rss / 1e6,
    bytes: bytes / now.signedSize,
  };
}

/** Group commits come at a steady rate, as a live producer's; each waits for the first checkpoint that covers it. */
async function pace(dir, rate) {
  const spool = mkdtempSync(join(dir, 'live-'));
  const service = await startService(dir, spool);
  const source = join(dir, 'set-up/producer/spool');
  const feed = new Feed(source, spool, rate);
  const waits = [];
  const end = performance.now() + PACED_SECONDS * 1000;
  // Entries of others: genesis, registrations, the service's own.
  const { signedSize: others } = await service.ask();
  for (let fed = true; fed || feed.waiting.length > 0;) {
    fed &&= performance.now() < end && feed.step();
    const { signedSize } = await soon(service);
    const now = performance.now();
    while (feed.waiting.length > 0 && feed.waiting[0].entries + others <= signedSize)
      waits.push(now - feed.waiting.shift().at);
  }
  feed.close();
  await service.end();
  waits.sort((a, b) => a - b);
  return { p50: median(waits), p99: waits[Math.floor(waits.length * 0.99)] };
}

/** Copies records of a prepared spool into a live one, so many entries a second. */
class Feed {
  #segments;
  #fd = null;
  #bytes = null;
  #at = 0;
  #entries = 0;
  #started = performance.now();
  #rate;
  #to;
  waiting = [];

  constructor(from, to, rate) {
    this.#segments = segmentsOf(from).map((name) => [join(from, name), name]);
    this.#to = to;
    this.#rate = rate;
  }

  /** Writes what is due by now, up to the promise that covers it. @returns false at the end */
  step() {
    const due = ((performance.now() - this.#started) / 1000) * this.#rate;
    while (this.#entries < due) if (!this.#copyBatch()) return false;
    return true;
  }

  #copyBatch() {
    if (this.#bytes === null || this.#at >= this.#bytes.length) {
      const next = this.#segments.shift();
      if (next === undefined) return false;
      this.close();
      this.#bytes = readFileSync(next[0]);
      this.#fd = openSync(join(this.#to, next[1]), 'w');
      this.#at = decodeSpoolHeader(this.#bytes).length;
      writeSync(this.#fd, this.#bytes, 0, this.#at);
    }
    const from = this.#at;
    for (let isPromise = false; !isPromise;) {
      const read = readSpoolRecord(this.#bytes, this.#at);
      if (read.kind !== 'record') return false;
      if (read.record.type === SPOOL_MESSAGE) this.#entries++;
      isPromise = read.record.type !== SPOOL_MESSAGE;
      this.#at = read.next;
    }
    writeSync(this.#fd, this.#bytes, from, this.#at - from);
    this.waiting.push({ entries: this.#entries, at: performance.now() });
    return true;
  }

  close() {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

function segmentsOf(spool) {
  return readdirSync(spool)
    .filter((name) => name.endsWith('.spool'))
    .sort();
}

let started = 0;

async function startService(dir, spool) {
  const own = join(dir, `service-${started++}`);
  for (const folder of ['store', 'log']) mkdirSync(join(own, folder), { recursive: true });
  const child = fork(
    join(root, 'bench/lib/ingest-server.mjs'),
    [join(dir, 'set-up/service/config.json')],
    {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: {
        ...process.env,
        SHOWCAUSE_SERVE__STORE: join(own, 'store/log.sqlite'),
        SHOWCAUSE_SERVE__LOG: join(own, 'log'),
        SHOWCAUSE_SERVE__TRANSPORT: JSON.stringify({ kind: 'embedded', spools: [spool] }),
      },
    },
  );
  let fail = () => undefined;
  child.once('exit', (code) => fail(new Error(`the service ended with ${code}`)));
  const once = (message) =>
    new Promise((resolve, reject) => {
      fail = reject;
      child.once('message', resolve);
      if (message !== undefined) child.send(message);
    });
  await once();
  return {
    dir: own,
    ask: () => once('how far'),
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.send('end');
      await ended;
      rmSync(own, { recursive: true, force: true });
    },
  };
}

async function soon(service) {
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  return service.ask();
}

function folderBytes(dir) {
  const { stdout } = spawnSync('du', ['-sb', dir], { encoding: 'utf8' });
  return Number.parseInt(stdout, 10);
}

/** @returns the program, or null where there is no Go */
function buildTessera() {
  const program = join(root, '.cache/bin/tessera-bench');
  const { status } = spawnSync('go', ['build', '-o', program, '.'], {
    cwd: join(root, 'bench/tessera'),
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  if (status === 0 && existsSync(program)) return program;
  console.error('no Go for Tessera: it is left out');
  return null;
}

function feedTessera(program, dir, rate) {
  const log = mkdtempSync(join(dir, 'tessera-'));
  const args = [log, TESSERA_WRITERS, TESSERA_SECONDS, ENTRY_BYTES, rate].map(String);
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  rmSync(log, { recursive: true, force: true });
  if (status !== 0) throw new Error(`tessera: ${stderr}`);
  return JSON.parse(stdout);
}
