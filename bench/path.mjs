// The whole path: HTTP request, score, attributions, reasons, `accepted`, signed checkpoint; beside it an Express app that asks the same
// model and does nothing else. Closed loop; application, service and load generator are processes of their own on the same cores.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { openDelivery } from './delivery/delivery.mjs';
import { makeSetUp } from './delivery/set-up.mjs';
import { sqliteStore } from './delivery/stores.mjs';
import { benchBodies } from './lib/bench-model.mjs';
import { startChild } from './lib/child.mjs';
import { atLeast, bar, inTurn, median, rowOf, wantedBy } from './lib/measure.mjs';
import { inScratch, root } from './lib/scratch.mjs';

const CONNECTIONS = 128;
const SECONDS = 5;
const WARM_UP_SECONDS = 2;
const BODIES = 64;
const BARE = 'bare Express, same model';
const WHOLE = 'whole path';
const LOAN = 'whole path, loan example';
const TICK_MS = 20;
/** of one decision: its intent and itself */
const ENTRIES = 2;

const contestants = {
  [BARE]: { variant: 'model', path: '/decide', bodies: () => benchBodies(BODIES) },
  [WHOLE]: { variant: 'audit+model+reasons', path: '/decide', bodies: () => benchBodies(BODIES) },
  [LOAN]: { variant: 'loan example', path: '/v1/applications', bodies: loanBodies },
};

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds, seconds, only }) {
  const names = Object.keys(contestants).filter(wantedBy(only));
  const time = seconds ?? SECONDS;
  return inScratch(async (dir) => {
    const samples = new Map(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const name of inTurn(names, round))
        samples.get(name).push(await measure(join(dir, `${round}-${name}`), name, time));
    return report(samples, time);
  });
}

async function measure(dir, name, time) {
  const { variant, path, bodies } = contestants[name];
  const setUp = makeSetUp(dir);
  const server = await startChild(join(root, 'bench/lib/middleware-server.mjs'), [variant, setUp]);
  const isAudited = name !== BARE;
  const spool = join(setUp, 'producer/spool');
  const delivery = isAudited
    ? await openDelivery({ setUp, dir, store: sqliteStore, kafka: null, spool })
    : null;
  const load = (duration) =>
    drive(`http://127.0.0.1:${server.first.port}${path}`, bodies(), duration);
  const first = await delivery?.ask();
  const warm = await load(Math.min(time, WARM_UP_SECONDS));
  const base = delivery && (await settled(delivery, first.signedSize + ENTRIES * warm['2xx']));
  const before = await server.ask('cpu');
  const started = performance.now();
  const result = await load(time);
  const after = await server.ask('cpu');
  const answers = result['2xx'];
  if (result.non2xx + result.errors > 0)
    throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} failed`);
  const end = delivery && (await settled(delivery, base.signedSize + ENTRIES * answers));
  const seconds = ((end?.at ?? performance.now()) - started) / 1000;
  await server.end();
  await delivery?.end();
  return {
    answered: answers / result.duration,
    rate: answers / seconds,
    p99: result.latency.p99,
    app: (after.process - before.process) / answers,
    service: delivery === null ? 0 : (end.cpu - base.cpu) / answers,
  };
}

/** At least so many are under a signed checkpoint, and nothing was added for a second: what an ended load left is done too. */
async function settled(delivery, least) {
  let last = { ...(await delivery.ask()), at: performance.now() };
  for (let still = 0; still < 1000 / TICK_MS || last.signedSize < least;) {
    await delay(TICK_MS);
    const now = await delivery.ask();
    still = now.signedSize === last.signedSize ? still + 1 : 0;
    if (still === 0) last = { ...now, at: performance.now() };
  }
  return last;
}

function drive(url, bodies, duration) {
  return autocannon({
    url,
    connections: CONNECTIONS,
    duration,
    requests: bodies.map((body) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })),
  });
}

function loanBodies() {
  return readFileSync(join(root, 'examples/loan-api/data/held-out.ndjson'), 'utf8')
    .split('\n')
    .slice(0, BODIES);
}

function report(samples, seconds) {
  const of = (name, what) => samples.get(name).map((sample) => sample[what]);
  const bare = samples.has(BARE) ? [[BARE, of(BARE, 'answered')]] : [];
  const rows = bare.flatMap(([name, answered]) => [
    rowOf(`${name}: answers`, 'requests/s', answered),
    rowOf(`${name}: CPU`, 'us/request', of(name, 'app')),
  ]);
  for (const name of [WHOLE, LOAN].filter((one) => samples.has(one)))
    rows.push(
      rowOf(`${name}: decisions under a signed checkpoint`, 'decisions/s', of(name, 'rate'), bare),
      rowOf(`${name}: answers`, 'requests/s', of(name, 'answered')),
      rowOf(`${name}: p99 of an answer in the closed loop`, 'ms', of(name, 'p99')),
      rowOf(`${name}: CPU of the application`, 'us/decision', of(name, 'app')),
      rowOf(`${name}: CPU of the service`, 'us/decision', of(name, 'service')),
    );
  return {
    rows,
    bars: samples.has(WHOLE) ? barsOf(median(of(WHOLE, 'rate'))) : [],
    parameters: { connections: CONNECTIONS, seconds, trees: 100, depth: 4, features: 20 },
  };
}

function barsOf(rate) {
  return [
    atLeast('decisions/s, whole path, depth 4 × 100', 1_500, rate),
    bar('goal: decisions/s, whole path', '>= 2500', rate, (got) => got >= 2_500),
  ];
}
