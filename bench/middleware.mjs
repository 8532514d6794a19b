// What an audited Express 5 route costs beside what people already pay for: loggers and tracing. Reply held until fsync.
import { fork, spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { benchBody } from './lib/bench-model.mjs';
import { bar, inTurn, median, ratioOf, rowOf } from './lib/measure.mjs';
import { attack, vegeta } from './lib/vegeta.mjs';

const root = new URL('..', import.meta.url).pathname;
const VARIANTS = ['bare', 'pino', 'morgan', 'otel', 'audit', 'audit+model'];
const CONNECTIONS = 64;
const SECONDS = 3;

export async function run({ rounds }) {
  const dir = mkdtempSync(join(root, '.cache', 'bench-'));
  try {
    const samples = new Map(VARIANTS.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const name of inTurn(VARIANTS, round))
        samples.get(name).push(await closedLoop(name, join(dir, `${round}-${name}`)));
    const rate = (name) => samples.get(name).map((s) => s.rate);
    const rows = VARIANTS.flatMap((name) => [
      rowOf(
        `${name}: throughput`,
        'requests/s',
        rate(name),
        name === 'bare'
          ? []
          : [
              ['bare', rate('bare')],
              ['otel', rate('otel')],
            ],
      ),
      rowOf(
        `${name}: CPU on the request's thread`,
        'us/request',
        samples.get(name).map((s) => s.thread),
      ),
      rowOf(
        `${name}: CPU in all`,
        'us/request',
        samples.get(name).map((s) => s.process),
      ),
    ]);
    const bars = [
      bar(
        'audited throughput above OpenTelemetry',
        'ratio above 1',
        ratioOf(rows, 'audit: throughput', 'otel'),
        (got) => got > 1,
      ),
      bar(
        'goal: audited throughput beside bare',
        'ratio of at least 0.75',
        ratioOf(rows, 'audit: throughput', 'bare'),
        (got) => got >= 0.75,
      ),
    ];
    const open = await openLoop(dir, rounds, Math.floor(median(rate('audit')) / 2));
    if (open !== null) {
      rows.push(...open.rows);
      bars.push(open.bar);
    }
    return { rows, bars };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function serve(name, dir) {
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'cli/bin/showcause.js'), 'init', dir, '--origin', 'bench.example/log'],
    {
      stdio: ['ignore', 'ignore', 2],
    },
  );
  if (status !== 0) throw new Error('showcause init failed');
  const child = fork(join(root, 'bench/lib/middleware-server.mjs'), [name, dir], {
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const once = (message) =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
      if (message !== undefined) child.send(message);
    });
  const { port } = await once();
  return {
    url: `http://127.0.0.1:${port}/decide`,
    cpu: () => once('cpu'),
    end: () => new Promise((resolve) => child.once('exit', resolve) && child.send('end')),
  };
}

async function closedLoop(name, dir) {
  const server = await serve(name, dir);
  await load(server.url, 1);
  const before = await server.cpu();
  const result = await load(server.url, SECONDS);
  const after = await server.cpu();
  await server.end();
  if (result.non2xx + result.errors > 0)
    throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} failed`);
  const requests = result['2xx'];
  return {
    rate: requests / result.duration,
    thread: (after.thread - before.thread) / requests,
    process: (after.process - before.process) / requests,
  };
}

function load(url, duration) {
  return autocannon({
    url,
    method: 'POST',
    body: benchBody,
    headers: { 'content-type': 'application/json' },
    connections: CONNECTIONS,
    duration,
  });
}

/** Added latency where load does not wait for the server: half of what the audited route can do. */
async function openLoop(dir, rounds, rate) {
  const program = vegeta();
  if (program === null) {
    console.error('no Go for vegeta: the open loop is left out');
    return null;
  }
  const p50s = { bare: [], audit: [] };
  const disk = [];
  for (let round = 0; round < rounds; round++)
    for (const name of inTurn(Object.keys(p50s), round)) {
      disk.push(fdatasyncP50(dir));
      const server = await serve(name, join(dir, `open-${round}-${name}`));
      attack(program, { url: server.url, body: benchBody, rate, seconds: 1 });
      const { p50 } = attack(program, { url: server.url, body: benchBody, rate, seconds: 4 });
      p50s[name].push(p50);
      await server.end();
    }
  const added = p50s.audit.map((p50, i) => p50 - p50s.bare[i]);
  const most = 2 * median(disk) + 0.6;
  return {
    rows: [
      rowOf(`open loop at ${rate}/s, bare: p50`, 'ms', p50s.bare),
      rowOf(`open loop at ${rate}/s, audit: p50`, 'ms', p50s.audit),
      rowOf('added p50', 'ms', added),
      rowOf('fdatasync of 4 KiB: p50', 'ms', disk),
    ],
    bar: bar(
      'added p50 in the open loop',
      `at most two fdatasync + 0.6 ms = ${most.toFixed(2)} ms`,
      median(added),
      (got) => got <= most,
    ),
  };
}

function fdatasyncP50(dir) {
  const fd = openSync(join(dir, 'disk'), 'w');
  const block = Buffer.alloc(4096, 1);
  const times = [];
  for (let i = 0; i < 200; i++) {
    const started = performance.now();
    writeSync(fd, block);
    fdatasyncSync(fd);
    times.push(performance.now() - started);
  }
  closeSync(fd);
  return median(times);
}
