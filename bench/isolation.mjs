// Ten logs in one service: how long entries of quiet logs wait for a signed checkpoint while another log is saturated, beside the same
// logs while nothing else happens. The two take turns on one service.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import {
  linkSegments,
  makeSetUp,
  prepareSpool,
  segmentsOf,
  serviceConfig,
} from './delivery/set-up.mjs';
import { QuietProducer } from './delivery/quiet-producer.mjs';
import { startChild } from './lib/child.mjs';
import { atMost, median, quantile, rowOf } from './lib/measure.mjs';
import { inScratch, root } from './lib/scratch.mjs';

const LOGS = 10;
/** of the nine quiet ones */
const MEASURED = 2;
/** of the saturated log, a round */
const ENTRIES = 60_000;
const SEGMENT = 6_000;
const TURN_SECONDS = 5;
const GROUP_EVERY_MS = 50;
const TICK_MS = 4;
const MOST = 2;

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, entries, seconds }) {
  const perRound = entries ?? ENTRIES;
  const turnMs = (seconds ?? TURN_SECONDS) * 1000;
  return inScratch(async (dir) => {
    const logs = Array.from({ length: LOGS }, (_, i) => prepareLog(dir, i));
    const busy = await BusyLog.prepare(logs.at(-1), perRound, rounds);
    const config = configOf(dir, logs);
    const service = await startChild(join(root, 'bench/delivery/server.mjs'), [config]);
    const quiet = logs.slice(0, MEASURED).map((log) => new QuietProducer(log));
    const samples = { alone: [], beside: [], rate: [], rss: [] };
    await waits(quiet, turnMs / 2, () => false);
    for (let round = 0; round < rounds; round++) {
      samples.alone.push(await waits(quiet, turnMs, () => false));
      busy.begin();
      samples.beside.push(await waits(quiet, turnMs, () => busy.isThrough()));
      samples.rate.push(await busy.through());
      samples.rss.push((await service.ask('how far')).rss / 1e6);
    }
    await service.end();
    return report(samples, { logs: LOGS, entriesOfTheSaturated: perRound, turnMs });
  });
}

function prepareLog(dir, i) {
  const setUp = makeSetUp(join(dir, `log-${i}`));
  const spool = join(setUp, 'live');
  mkdirSync(spool);
  return { name: `log-${i}`, setUp, spool, log: join(setUp, 'log') };
}

function configOf(dir, logs) {
  const members = logs.map(({ name, setUp, spool, log }) => {
    const transport = { kind: 'embedded', spools: [spool] };
    const store = join(setUp, 'store/log.sqlite');
    const {
      v: _v,
      http: _http,
      metrics: _m,
      ...own
    } = serviceConfig(setUp, { store, log, transport });
    return { ...own, name };
  });
  const file = join(dir, 'config.json');
  const http = { host: '127.0.0.1', port: 0 };
  writeFileSync(file, JSON.stringify({ v: 1, http, logs: members }));
  return file;
}

/** What is under the served checkpoint: second line of its note. */
function signedSize({ log }) {
  try {
    return Number(readFileSync(join(log, 'checkpoint'), 'utf8').split('\n')[1]);
  } catch {
    return 0;
  }
}

/** Each quiet log gets a group commit every so often. @returns {Promise<number[]>} milliseconds of each to its checkpoint */
async function waits(quiet, ms, isOver) {
  const end = performance.now() + ms;
  const waited = [];
  let next = performance.now();
  while ((performance.now() < end && !isOver()) || quiet.some((log) => log.isWaiting)) {
    if (performance.now() >= next && performance.now() < end && !isOver()) {
      next += GROUP_EVERY_MS;
      for (const log of quiet) log.spool();
    }
    await delay(TICK_MS);
    for (const log of quiet) waited.push(...log.published(signedSize(log)));
  }
  return waited;
}

/** All of a round's entries are there at once. */
class BusyLog {
  #log;
  #from;
  #shares;
  #want;
  #perRound;
  #started = 0;

  static async prepare(log, perRound, rounds) {
    const from = join(log.setUp, 'prepared');
    const segment = Math.min(perRound, SEGMENT);
    await prepareSpool(log.setUp, from, perRound * rounds, segment);
    return new BusyLog(log, from, perRound, Math.ceil(perRound / segment));
  }

  constructor(log, from, perRound, segmentsPerRound) {
    this.#log = log;
    this.#from = from;
    this.#perRound = perRound;
    const names = segmentsOf(from);
    this.#shares = [];
    while (names.length > 0) this.#shares.push(names.splice(0, segmentsPerRound));
    this.#want = 0;
  }

  begin() {
    linkSegments(this.#from, this.#log.spool, this.#shares.shift());
    this.#want += this.#perRound;
    this.#started = performance.now();
  }

  isThrough() {
    return signedSize(this.#log) >= this.#want;
  }

  /** @returns {Promise<number>} entries a second */
  async through() {
    while (!this.isThrough()) await delay(TICK_MS);
    return (this.#perRound * 1000) / (performance.now() - this.#started);
  }
}
function report({ alone, beside, rate, rss }, parameters) {
  const of = (samples, q) => samples.map((waited) => quantile(waited, q));
  const p99 = { alone: of(alone, 0.99), beside: of(beside, 0.99) };
  const rows = [
    rowOf('quiet log: p50 to checkpoint', 'ms', of(alone, 0.5)),
    rowOf('quiet log: p99 to checkpoint', 'ms', p99.alone),
    rowOf('quiet log beside a saturated one: p50', 'ms', of(beside, 0.5), [
      ['quiet', of(alone, 0.5)],
    ]),
    rowOf('quiet log beside a saturated one: p99', 'ms', p99.beside, [['quiet', p99.alone]]),
    rowOf('the saturated log: rate', 'entries/s', rate),
    rowOf('the service of ten logs: memory', 'MB', rss),
  ];
  const ratio = median(p99.beside.map((value, i) => value / p99.alone[i]));
  const bars = [atMost('p99 of a quiet log while another is saturated, ratio', MOST, ratio)];
  return { rows, bars, parameters };
}
