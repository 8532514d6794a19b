// Exact attributions beside XGBoost, shap, fasttreeshap and woodelf: the same models, the same rows, one thread, in turn.
import { explainerOf, explanationArrays, loadModel } from '@showcause/explain';
import { bundleSize } from '../scripts/bundle-size.mjs';
import { counterfactualRows } from './explain/counterfactuals.mjs';
import { loanRows } from './explain/loan.mjs';
import { trainedModels } from './explain/models.mjs';
import { startPython } from './explain/python.mjs';
import { atLeast, atMost, inTurn, median, rowOf, wantedBy } from './lib/measure.mjs';

const BATCH = 1_000;
const TURNS = 3;

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds, only }) {
  const newest = startPython('3.12');
  const loan = await loanRows(rounds, newest);
  const changes = await counterfactualRows(rounds);
  const bundle = await bundleRows();
  const rows = [...loan.rows, ...changes.rows, ...bundle.rows];
  const bars = [...loan.bars, ...changes.bars, ...bundle.bars];
  if (newest === null) return { rows, bars, parameters: { peers: 'none' } };
  const older = startPython('3.10');
  const wanted = wantedBy(only);
  const { dir, models } = await trainedModels(newest);
  for (const model of models.filter((one) => wanted(one.model))) {
    const own = await ofModel({ model, dir, newest, older, rounds });
    rows.push(...own.rows);
    bars.push(...own.bars);
  }
  await newest.end();
  await older?.end();
  const versions = { ...older?.versions, ...newest.versions };
  return { rows, bars, parameters: { batch: BATCH, background: 100, peers: versions } };
}

/** What a browser needs for XGBoost models, kernels included. */
async function bundleRows() {
  const { gzip } = await bundleSize('explain/dist/xgboost.js');
  return {
    rows: [rowOf('browser bundle for XGBoost models, gzip', 'kB', [gzip / 1000])],
    bars: [atMost('browser bundle for XGBoost models, kB gzip', 60, gzip / 1000)],
  };
}

/**
 * What one Python call of a peer is given: as many rows as its speed allows in a turn.
 * @typedef {{ name: string, process: any, peer: string, rows: number, game: 'path' | 'interventional', bars: [easy: number, hard: number] | null }} Peer
 */

/** @returns {Peer[]} */
function peersOf(newest, older, { trees, depth }) {
  const large = trees > 100 || depth > 6;
  const few = large ? 40 : 200;
  const path = { game: 'path', process: newest };
  const against = { game: 'interventional', process: newest };
  return [
    { ...path, name: 'XGBoost pred_contribs', peer: 'xgboost', rows: BATCH, bars: [3, 1.5] },
    { ...path, name: "shap's own C++", peer: 'shap', rows: few, bars: [8, 5] },
    {
      ...path,
      process: older,
      name: 'fasttreeshap v2',
      peer: 'fasttreeshap',
      rows: BATCH,
      bars: [1, 0],
    },
    {
      ...against,
      name: 'shap interventional',
      peer: 'shap interventional',
      rows: few / 4,
      bars: [60, 12],
    },
    {
      ...against,
      name: 'woodelf, its tables included',
      peer: 'woodelf interventional',
      rows: BATCH,
      bars: [1, 0],
    },
  ].filter(({ process }) => process !== null);
}

async function ofModel({ model, dir, newest, older, rounds }) {
  const games = [
    {
      game: 'path',
      name: 'path-dependent',
      ...ours(model, { perturbation: 'tree-path-dependent' }),
    },
    {
      game: 'interventional',
      name: 'interventional',
      ...ours(model, { perturbation: 'interventional', background: model.background }),
    },
  ];
  const peers = peersOf(newest, older, model);
  const contestants = [
    ...games.flatMap(({ game, batch, single }) => [
      { key: `${game} batch`, turn: batch },
      { key: `${game} single`, turn: single },
    ]),
    ...peers.map(({ peer, process, rows }) => ({
      key: peer,
      turn: () => askTurn(process, { dir, model, peer, rows }),
    })),
    {
      key: 'matrix',
      turn: () => askTurn(newest, { dir, model, peer: 'xgboost with its matrix', rows: 1 }),
    },
  ];
  const values = await least(contestants, rounds);
  return report({ model, games, peers, values });
}

/** Ours: a batch into arrays that are used again, and one row after another. Microseconds a row. */
function ours({ bytes, rows, features }, options) {
  const began = performance.now();
  const model = loadModel(bytes);
  const loadMs = performance.now() - began;
  const started = performance.now();
  const explainer = explainerOf(model, options);
  const buildMs = performance.now() - started;
  const out = explanationArrays(explainer, BATCH);
  const one = explanationArrays(explainer, 1);
  const each = Array.from({ length: BATCH }, (_, i) =>
    rows.subarray(i * features, (i + 1) * features),
  );
  return {
    loadMs,
    buildMs,
    tableBytes: explainer.tableBytes,
    kernel: explainer.kernel,
    batch: () => timed(BATCH, () => explainer.explainBatch(rows, { out, chunk: BATCH })),
    single: () => timed(BATCH, () => each.forEach((row) => explainer.explainInto(row, one))),
  };
}

async function timed(rows, work) {
  const started = performance.now();
  await work();
  return (1000 * (performance.now() - started)) / rows;
}

async function askTurn(process, { dir, model, peer, rows }) {
  const { features } = model;
  const answer = await process.ask({
    ask: 'turn',
    dir,
    model: model.model,
    features,
    peer,
    rows,
    repeat: 1,
  });
  if (answer.error === undefined) return answer.us;
  console.error(`left out: ${peer} on ${model.model}: ${answer.error}`);
  return NaN;
}

/** Per contestant and round the least of its turns, after one to warm up; who begins changes from turn to turn. */
async function least(contestants, rounds) {
  const values = new Map(contestants.map(({ key }) => [key, Array(rounds).fill(Infinity)]));
  for (const { key, turn } of contestants) if (Number.isNaN(await turn())) values.delete(key);
  for (let i = 0; i < rounds * TURNS; i++) {
    const round = Math.floor(i / TURNS);
    for (const { key, turn } of inTurn(contestants, i)) {
      const list = values.get(key);
      if (list !== undefined) list[round] = Math.min(list[round], await turn());
    }
  }
  return values;
}

function report({ model, games, peers, values }) {
  const rows = [];
  const bars = [];
  const isLarge = model.trees > 100 || model.depth > 6;
  const label = `${model.set}, depth ${model.depth} × ${model.trees}`;
  rows.push(
    rowOf(`${label}: model of ${(model.bytes.length / 1e6).toFixed(1)} MB loaded`, 'ms', [
      games[0].loadMs,
    ]),
  );
  for (const { game, name, kernel, buildMs, tableBytes } of games) {
    const batch = values.get(`${game} batch`);
    rows.push(rowOf(`${label}: ${name}, batch (${kernel})`, 'us', batch));
    rows.push(rowOf(`${label}: ${name}, row by row`, 'us', values.get(`${game} single`)));
    rows.push(rowOf(`${label}: ${name}, tables built`, 'ms', [buildMs]));
    rows.push(rowOf(`${label}: ${name}, tables`, 'MB', [tableBytes / 1e6]));
    for (const peer of peers.filter((one) => one.game === game)) {
      const theirs = values.get(peer.peer);
      if (theirs === undefined) continue;
      rows.push(rowOf(`${label}: ${peer.name}, batch`, 'us', theirs, [[name, batch]]));
      const want = peer.bars[isLarge ? 1 : 0];
      const got = median(theirs.map((value, i) => value / batch[i]));
      if (want > 0)
        bars.push(atLeast(`${label}: ${name}, times faster than ${peer.name}`, want, got));
    }
    if (model.depth === 6 && model.trees === 100)
      bars.push(atMost(`${label}: ${name}, one row, us`, 60, median(values.get(`${game} single`))));
  }
  rows.push(
    rowOf(`${label}: XGBoost pred_contribs, one row with its DMatrix`, 'us', values.get('matrix')),
  );
  return { rows, bars };
}
