// Ten logs in one service: how long an entry of one waits for its signed checkpoint while the others rest, and while another is given more
// than it can take. The two take turns.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkSegments, makeSetUp, prepareSpool, serviceConfig } from './delivery/set-up.mjs';
import { pace } from './delivery/pace.mjs';
import { startChild } from './lib/child.mjs';
import { atMost, rowOf } from './lib/measure.mjs';
import { inScratch, root } from './lib/scratch.mjs';

const LOGS = 10;
const SECONDS = 5;
/** of the log that is looked at: commits of few writers, far from what it can take */
const RATE = 800;
const GROUP = 8;
/** more than any log takes in a second */
const FLOOD = 25_000;
const RESTING = 'the others rest';
const SATURATED = 'another log is saturated';

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, seconds }) {
  const time = seconds ?? SECONDS;
  return inScratch(async (dir) => {
    const setUps = Array.from({ length: LOGS }, (_, i) => makeSetUp(join(dir, `set-up-${i}`)));
    const [quiet, flood] = ['quiet', 'flood'].map((name) => join(dir, name));
    await prepareSpool(setUps[0], quiet, Math.ceil(RATE * time), { group: GROUP });
    await prepareSpool(setUps[1], flood, FLOOD * time);
    const samples = { [RESTING]: [], [SATURATED]: [] };
    for (let round = 0; round < rounds; round++)
      for (const name of Object.keys(samples)) {
        const delivery = await openLogs(setUps, dir);
        if (name === SATURATED) linkSegments(flood, delivery.spools[1]);
        samples[name].push(await pace(delivery, { from: quiet, rate: RATE, seconds: time }));
      }
    return report(samples, time);
  });
}

/** Log 0 of a service of many. */
async function openLogs(setUps, dir) {
  const own = mkdtempSync(join(dir, 'logs-'));
  const spools = setUps.map((_, i) => join(own, `spool-${i}`));
  for (const spool of spools) mkdirSync(spool);
  const logs = setUps.map((setUp, i) => {
    const { v, http, ...members } = serviceConfig(setUp, {
      store: join(own, `store-${i}/log.sqlite`),
      log: join(own, `log-${i}`),
      transport: { kind: 'embedded', spools: [spools[i]] },
    });
    mkdirSync(join(own, `store-${i}`));
    return { rim: { v, http }, log: { name: `log-${i}`, ...members } };
  });
  const config = join(own, 'config.json');
  writeFileSync(config, JSON.stringify({ ...logs[0].rim, logs: logs.map(({ log }) => log) }));
  const service = await startChild(join(root, 'bench/delivery/server.mjs'), [config]);
  return {
    spool: spools[0],
    spools,
    spooled: () => undefined,
    ask: () => service.ask('how far'),
    async end() {
      // What the flooded log has still to do is of no interest.
      await service.kill();
      rmSync(own, { recursive: true, force: true });
    },
  };
}

function report(samples, seconds) {
  const of = (name, what) => samples[name].map((sample) => sample[what]);
  const against = (name, what) => (name === RESTING ? [] : [[RESTING, of(RESTING, what)]]);
  const rows = Object.keys(samples).flatMap((name) =>
    ['p50', 'p99'].map((what) =>
      rowOf(
        `one of ${LOGS} logs, ${name}: ${what} to checkpoint`,
        'ms',
        of(name, what),
        against(name, what),
      ),
    ),
  );
  const ratio = rows.at(-1).ratioTo[0].ratio;
  return {
    rows,
    bars: [atMost('p99 of a log while another is saturated, beside rest', 2, ratio)],
    parameters: { logs: LOGS, seconds, entriesPerSecond: RATE, entriesUnderAPromise: GROUP },
  };
}
