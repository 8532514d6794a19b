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
import { atLeast, bar, inTurn, median, rowOf } from './lib/measure.mjs';
import { inScratch, root } from './lib/scratch.mjs';

const CONNECTIONS = 128;
const SECONDS = 6;
const WARM_UP_SECONDS = 2;
const BODIES = 64;
const BARE = 'bare Express, same model';
const WHOLE = 'whole path';
const LOAN = 'whole path, loan example';
const PACE_MS = 20;

const contestants = {
  [BARE]: { variant: 'model', path: '/decide', bodies: () => benchBodies(BODIES) },
  [WHOLE]: { variant: 'audit+model+reasons', path: '/decide', bodies: () => benchBodies(BODIES) },
  [LOAN]: { variant: 'loan example', path: '/v1/applications', bodies: loanBodies },
};

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export function run({ rounds }) {
  return inScratch(async (dir) => {
    const samples = new Map(Object.keys(contestants).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const name of inTurn(Object.keys(contestants), round))
        samples
          .get(name)
          .push(await measure(join(dir, `${round}-${samples.get(name).length}-${name}`), name));
    return report(samples);
  });
}

async function measure(dir, name) {
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
  await load(WARM_UP_SECONDS);
  const base = delivery === null ? null : await settled(delivery);
  const before = await server.ask('cpu');
  const started = performance.now();
  const result = await load(SECONDS);
  const after = await server.ask('cpu');
  const answers = result['2xx'];
  if (result.non2xx + result.errors > 0)
    throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} failed`);
  const end = delivery === null ? null : await settled(delivery);
  // Two entries a decision: its intent and itself. A heartbeat may come between them.
  if (end !== null && end.signedSize - base.signedSize < 2 * answers)
    throw new Error(`${name}: ${answers} answers, ${end.signedSize - base.signedSize} entries`);
  const seconds = ((end?.at ?? performance.now()) - started) / 1000;
  await server.end();
  await delivery?.end();
  return {
    answered: answers / result.duration,
    rate: answers / seconds,
    p99: result.latency.p99,
    app: (after.process - before.process) / answers,
    service: end === null ? 0 : (end.cpu - base.cpu) / answers,
  };
}

/** Everything that lies in the spool is under a signed checkpoint when nothing was added for some time. */
async function settled(delivery) {
  let last = { ...(await delivery.ask()), at: performance.now() };
  for (let still = 0; still < 1000 / PACE_MS;) {
    await delay(PACE_MS);
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

function report(samples) {
  const of = (name, what) => samples.get(name).map((sample) => sample[what]);
  const rows = [rowOf(`${BARE}: answers`, 'requests/s', of(BARE, 'answered'))];
  rows.push(rowOf(`${BARE}: CPU`, 'us/request', of(BARE, 'app')));
  for (const name of [WHOLE, LOAN])
    rows.push(
      rowOf(`${name}: decisions under a signed checkpoint`, 'decisions/s', of(name, 'rate'), [
        [BARE, of(BARE, 'answered')],
      ]),
      rowOf(`${name}: answers`, 'requests/s', of(name, 'answered')),
      rowOf(`${name}: p99 of an answer in the closed loop`, 'ms', of(name, 'p99')),
      rowOf(`${name}: CPU of the application`, 'us/decision', of(name, 'app')),
      rowOf(`${name}: CPU of the service`, 'us/decision', of(name, 'service')),
    );
  const rate = median(of(WHOLE, 'rate'));
  return {
    rows,
    bars: [
      atLeast('decisions/s, whole path, depth 4 × 100', 1_500, rate),
      bar('goal: decisions/s, whole path', '>= 2500', rate, (got) => got >= 2_500),
    ],
    parameters: { connections: CONNECTIONS, seconds: SECONDS, trees: 100, depth: 4, features: 20 },
  };
}
