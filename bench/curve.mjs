// What an entry costs in a log of ten thousand, a hundred thousand, a million leaves: CPU, time and bytes of the same real load on
// services whose stores were filled beforehand by the store's own commits with made-up leaves. They take turns.
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { makeLargeLog, startLargeLog } from './delivery/large-log.mjs';
import {
  linkSegments,
  SEGMENT_ENTRIES,
  makeSetUp,
  prepareSpool,
  segmentsOf,
} from './delivery/set-up.mjs';
import { folderBytes } from './delivery/stores.mjs';
import { atMost, inTurn, rowOf } from './lib/measure.mjs';
import { inScratch } from './lib/scratch.mjs';

const SMALLEST = 10_000;
const LARGEST = 1_000_000;
const FLAT = 1.5;
const TICK_MS = 10;

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, curve, entries }) {
  const turn = entries ?? SEGMENT_ENTRIES;
  const sizes = sizesUpTo(curve ?? LARGEST);
  return inScratch(async (dir) => {
    const setUp = makeSetUp(join(dir, 'set-up'));
    const prepared = join(dir, 'prepared');
    // A segment is a turn; the first one warms the service up.
    await prepareSpool(setUp, prepared, (rounds + 1) * turn, { segment: turn });
    const logs = [];
    for (const size of sizes) logs.push(await openLog({ dir, setUp, size }));
    const [warmUp, ...turns] = segmentsOf(prepared);
    for (const log of logs) await take(log, prepared, warmUp, turn);
    for (let round = 0; round < rounds; round++)
      for (const log of inTurn(logs, round))
        log.samples.push(await take(log, prepared, turns[round], turn));
    for (const { service } of logs) await service.end();
    return report(logs, turn);
  });
}

function sizesUpTo(largest) {
  const sizes = [];
  for (let size = SMALLEST; size < largest; size *= 10) sizes.push(size);
  return [...sizes, largest];
}

async function openLog({ dir, setUp, size }) {
  const own = join(dir, `log-${size}`);
  const spool = join(own, 'spool');
  const made = await makeLargeLog({ setUp, dir: own, size, sealedBytes: 0, spool });
  const service = await startLargeLog(made);
  return { ...made, size, spool, service, samples: [] };
}

/** One more segment of the same producer; over when everything in it is under a signed checkpoint. */
async function take({ service, spool, folders }, prepared, segment, entries) {
  const before = await service.ask('how far');
  const stored = bytesOf(folders);
  const started = performance.now();
  linkSegments(prepared, spool, [segment]);
  let now = before;
  while (now.signedSize < before.signedSize + entries) {
    await delay(TICK_MS);
    now = await service.ask('how far');
  }
  const seconds = (performance.now() - started) / 1000;
  const count = now.signedSize - before.signedSize;
  return {
    cpu: (now.cpu - before.cpu) / count,
    rate: count / seconds,
    bytes: (bytesOf(folders) - stored) / count,
    rss: now.rss / 1e6,
  };
}

function bytesOf(folders) {
  return folders.reduce((sum, folder) => sum + folderBytes(folder), 0);
}

function report(logs, entries) {
  const [first] = logs;
  const of = ({ samples }, what) => samples.map((sample) => sample[what]);
  const title = (log) => `${log.size.toLocaleString('en-US')} leaves`;
  const against = (log, what) => (log === first ? [] : [[title(first), of(first, what)]]);
  const rows = logs.flatMap((log) => [
    rowOf(`${title(log)}: CPU`, 'us/entry', of(log, 'cpu'), against(log, 'cpu')),
    rowOf(`${title(log)}: rate`, 'entries/s', of(log, 'rate'), against(log, 'rate')),
    rowOf(`${title(log)}: bytes stored`, 'bytes/entry', of(log, 'bytes'), against(log, 'bytes')),
    rowOf(`${title(log)}: memory`, 'MB', of(log, 'rss'), against(log, 'rss')),
    rowOf(`${title(log)}: leaves committed when it was filled`, 'leaves/s', [log.seedRate]),
  ]);
  const last = logs.at(-1);
  const ratio = (what) => rowOf('', '', of(last, what), [['', of(first, what)]]).ratioTo[0].ratio;
  const bars = ['CPU', 'bytes'].map((what) =>
    atMost(
      `${what} an entry at ${title(last)} beside ${title(first)}`,
      FLAT,
      ratio(what === 'CPU' ? 'cpu' : 'bytes'),
    ),
  );
  return {
    rows,
    bars,
    parameters: { entries, seeded: 'by store commits of 5,000 made-up leaves without payload' },
  };
}
