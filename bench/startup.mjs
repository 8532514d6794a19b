// How long until it works again: a service on a log of a million leaves, after a clean stop and after kill -9; a producer on a spool of a
// hundred thousand records that nobody has read, after kill -9.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { makeLargeLog } from './delivery/large-log.mjs';
import { openDelivery } from './delivery/delivery.mjs';
import { makeSetUp, messageSizes } from './delivery/set-up.mjs';
import { sqliteStore } from './delivery/stores.mjs';
import { benchBody } from './lib/bench-model.mjs';
import { startChild } from './lib/child.mjs';
import { answered, killHard, serve, stop } from './lib/launch.mjs';
import { atMost, median, rowOf } from './lib/measure.mjs';
import { inScratch, root } from './lib/scratch.mjs';

const LEAVES = 1_000_000;
const RECORDS_SHARE = 10;
const CLEAN_BAR_S = 2;

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, entries }) {
  const leaves = entries ?? LEAVES;
  return inScratch(async (dir) => {
    const services = await serviceStarts(join(dir, 'service'), leaves, rounds);
    const recoveries = await recoveriesOf(
      join(dir, 'producer'),
      Math.ceil(leaves / RECORDS_SHARE),
      rounds,
    );
    return report(leaves, services, recoveries);
  });
}

/** With payloads: the look at a database after an unclean stop reads them too. */
async function serviceStarts(dir, size, rounds) {
  mkdirSync(dir);
  const setUp = makeSetUp(join(dir, 'set-up'));
  const { intent, decision } = await messageSizes();
  const sealedBytes = Math.round((intent.sealed + decision.sealed) / 2);
  const large = { setUp, dir: join(dir, 'log'), size, sealedBytes, spool: join(dir, 'spool') };
  const { config } = await makeLargeLog(large);
  const samples = { clean: [], killed: [] };
  const logFile = join(dir, 'serve.log');
  for (let round = 0; round < rounds; round++) {
    const first = await serve(config, logFile);
    samples.clean.push(first.seconds);
    await killHard(first.running);
    const second = await serve(config, logFile);
    samples.killed.push(second.seconds);
    await stop(second.running);
  }
  return samples;
}

async function recoveriesOf(dir, records, rounds) {
  mkdirSync(dir);
  const setUp = makeSetUp(join(dir, 'set-up'));
  const script = join(root, 'bench/delivery/fill-producer.mjs');
  const { signal } = spawnSync(process.execPath, [script, setUp, String(records)], {
    stdio: ['ignore', 2, 2],
  });
  if (signal !== 'SIGKILL') throw new Error('the spool could not be filled');
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    const copy = join(dir, `round-${round}`);
    cpSync(setUp, copy, { recursive: true });
    samples.push(await recover(copy, records));
  }
  return samples;
}

/** Application and service start at the same moment, as after a power cut. */
async function recover(setUp, records) {
  const spool = join(setUp, 'producer/spool');
  const started = performance.now();
  const since = () => (performance.now() - started) / 1000;
  const opening = openDelivery({ setUp, dir: setUp, store: sqliteStore, kafka: null, spool });
  const server = await startChild(join(root, 'bench/lib/middleware-server.mjs'), [
    'audit+model+reasons',
    setUp,
  ]);
  const url = `http://127.0.0.1:${server.first.port}/decide`;
  const headers = { 'content-type': 'application/json' };
  await answered(() => fetch(url, { method: 'POST', headers, body: benchBody }));
  const served = since();
  const delivery = await opening;
  while ((await delivery.ask()).signedSize < records) await delay(10);
  const published = since();
  await server.end();
  await delivery.end();
  return { served, published };
}

function report(leaves, { clean, killed }, recoveries) {
  const of = (what) => recoveries.map((one) => one[what]);
  const log = `service with ${leaves.toLocaleString('en-US')} leaves`;
  const spool = `producer with ${Math.ceil(leaves / RECORDS_SHARE).toLocaleString('en-US')} unread records, killed`;
  const rows = [
    rowOf(`${log}, stopped: first answer`, 's', clean),
    rowOf(`${log}, killed: first answer`, 's', killed, [['stopped', clean]]),
    rowOf(`${spool}: first request served`, 's', of('served')),
    rowOf(`${spool}: all under a signed checkpoint`, 's', of('published')),
  ];
  const bars = [
    atMost(
      `start with ${leaves.toLocaleString('en-US')} leaves after a clean stop, s`,
      CLEAN_BAR_S,
      median(clean),
    ),
  ];
  return { rows, bars, parameters: { leaves, records: Math.ceil(leaves / RECORDS_SHARE) } };
}
