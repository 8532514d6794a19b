// Methods for any predict function beside Python's: the same model, rows and number of predictions, one thread, in turn. What
// the predict function itself takes is not counted: it is not the same library on both sides.
import { loadModel, predictOf } from '@showcause/explain';
import { beeswarmPlot } from '@showcause/explain/plots';
import { comparisons } from './explain/agnostic.mjs';
import { trainedModels } from './explain/models.mjs';
import { startPython } from './explain/python.mjs';
import { generator } from './lib/bench-model.mjs';
import { atLeast, atMost, inTurn, median, rowOf, wantedBy } from './lib/measure.mjs';

const TURNS = 5;
const MODEL = 'credit-d4x100';
/** Rows whose errors are compared, with a seed each. */
const JUDGED = 5;
const SEEDS = 20;
/** Of each side, before the clock counts. */
const WARM_UP = 5;
/** Rows whose spread over seeds is compared. */
const SPREAD = 3;

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds, only }) {
  const wanted = wantedBy(only);
  const drawn = wanted('beeswarm') ? beeswarm(rounds) : { rows: [], bars: [] };
  const python = comparisons.some(({ name }) => wanted(name))
    ? startPython('3.12', 'agnostic.py')
    : null;
  if (python === null) return { ...drawn, parameters: { peers: 'none' } };
  const { dir, models } = await trainedModels(python);
  const trained = models.find(({ model }) => model === MODEL);
  await python.ask({ ask: 'open', dir, model: MODEL, features: trained.features });
  const context = contextOf(trained);
  const { rows, bars } = drawn;
  for (const comparison of comparisons.filter(({ name }) => wanted(name))) {
    const measured = await compare(comparison, context, python, rounds);
    rows.push(...measured.rows);
    bars.push(...measured.bars);
  }
  const { versions } = python;
  await python.end();
  return { rows, bars, parameters: { model: MODEL, background: 100, peers: versions } };
}

/** A picture of 10,000 made-up points, the least of some turns a round. */
function beeswarm(rounds) {
  const random = generator(1);
  const [features, count] = [10, 1000];
  const values = Float64Array.from({ length: features * count }, () => random() + random() - 1);
  const data = {
    features: Array.from({ length: features }, (_, at) => `feature ${at}`),
    attributions: values.map((value, at) => value / (1 + (at % features))),
    values,
    baseValue: 0,
  };
  beeswarmPlot(data);
  const ms = Array.from({ length: rounds }, () =>
    Math.min(
      ...Array.from({ length: TURNS }, () => {
        const start = performance.now();
        beeswarmPlot(data);
        return performance.now() - start;
      }),
    ),
  );
  const name = 'beeswarm of 10,000 points';
  return { rows: [rowOf(name, 'ms', ms)], bars: [atMost(`${name}: ms`, 200, median(ms))] };
}

/** A model, and a clock around its predict function. */
function contextOf(trained) {
  const { features, rows } = trained;
  const model = loadModel(trained.bytes);
  const clock = { inside: 0, asked: 0 };
  const source = predictOf(model);
  const predict = (asked, call) => {
    const start = performance.now();
    const answers = source.predict(asked, call);
    clock.inside += performance.now() - start;
    clock.asked += asked.length;
    return answers;
  };
  const each = Array.from({ length: rows.length / features }, (_, i) =>
    rows.subarray(i * features, (i + 1) * features),
  );
  return {
    model,
    rows: each,
    background: trained.background,
    source: { ...source, predict },
    clock,
  };
}

async function ownTurn({ clock }, work) {
  Object.assign(clock, { inside: 0, asked: 0 });
  const start = performance.now();
  const values = await work();
  const ms = performance.now() - start;
  return { ms, outside: ms - clock.inside, asked: clock.asked, values };
}

/** Ours and theirs in turn; per round the least of each. */
async function compare(comparison, context, python, rounds) {
  const { name, peer, samples } = comparison;
  const own = await comparison.open(context);
  const theirTurn = async (row, seed) => {
    const answer = await python.ask({ ask: 'turn', peer, row, seed, samples });
    if (answer.error !== undefined) throw new Error(`${peer}: ${answer.error}`);
    return answer;
  };
  const contestants = [
    { key: 'ours', turn: (i) => ownTurn(context, () => own(i, 1)) },
    { key: 'theirs', turn: (i) => theirTurn(i, 1) },
  ];
  const least = { ours: spread(rounds), theirs: spread(rounds) };
  for (let i = 0; i < WARM_UP; i++) for (const { turn } of contestants) await turn(i);
  for (let i = 0; i < rounds * TURNS; i++)
    for (const { key, turn } of inTurn(contestants, i)) {
      const { ms, outside, asked } = await turn(i);
      const kept = least[key];
      const round = Math.floor(i / TURNS);
      kept.ms[round] = Math.min(kept.ms[round], ms);
      kept.outside[round] = Math.min(kept.outside[round], outside);
      kept.asked = asked;
    }
  const errors = await judged(comparison, context, own, theirTurn);
  return report({ name, bar: comparison.bar, least, errors });
}

function spread(rounds) {
  return { ms: Array(rounds).fill(Infinity), outside: Array(rounds).fill(Infinity), asked: 0 };
}

/** Root mean square distance from what both estimate, or, where nobody knows that, from their own means over seeds. */
async function judged({ judge }, context, own, theirTurn) {
  if (judge === null) return null;
  if (judge === undefined)
    return {
      ours: await spreadOver(own),
      theirs: await spreadOver(async (row, seed) => (await theirTurn(row, seed)).values),
    };
  const squares = { ours: 0, theirs: 0 };
  let count = 0;
  for (let row = 0; row < JUDGED; row++) {
    const truth = await judge(context, row);
    const found = { ours: await own(row, row + 1), theirs: (await theirTurn(row, row + 1)).values };
    truth.forEach((value, i) => {
      count++;
      for (const side of ['ours', 'theirs']) squares[side] += (found[side][i] - value) ** 2;
    });
  }
  return { ours: Math.sqrt(squares.ours / count), theirs: Math.sqrt(squares.theirs / count) };
}

async function spreadOver(draw) {
  let [squares, count] = [0, 0];
  for (let row = 0; row < SPREAD; row++) {
    const found = [];
    for (let seed = 1; seed <= SEEDS; seed++) found.push(Array.from(await draw(row, seed)));
    found[0].forEach((_, i) => {
      const mean = found.reduce((sum, values) => sum + values[i], 0) / SEEDS;
      for (const values of found) squares += (values[i] - mean) ** 2;
      count += SEEDS - 1;
    });
  }
  return Math.sqrt(squares / count);
}

function report({ name, bar, least, errors }) {
  const { ours, theirs } = least;
  const inAll = [
    rowOf(`${name}, in all`, 'ms', ours.ms),
    rowOf(`${name}, Python's, in all`, 'ms', theirs.ms, [[name, ours.ms]]),
  ];
  if (theirs.asked === 0) {
    const faster = median(theirs.ms.map((ms, i) => ms / ours.ms[i]));
    return { rows: inAll, bars: [atLeast(`${name}: times Python's speed`, bar, faster)] };
  }
  const rows = [
    rowOf(`${name}, outside predict`, 'ms', ours.outside),
    rowOf(`${name}, Python's, outside predict`, 'ms', theirs.outside, [[name, ours.outside]]),
    ...inAll,
    rowOf(`${name}, rows asked for`, 'rows', [ours.asked]),
    rowOf(`${name}, Python's, rows asked for`, 'rows', [theirs.asked]),
  ];
  const faster = median(theirs.outside.map((ms, i) => ms / ours.outside[i]));
  const bars = [atLeast(`${name}: times Python's speed outside predict`, bar, faster)];
  if (errors === null) return { rows, bars };
  rows.push(rowOf(`${name}, error`, 'rms', [errors.ours]));
  rows.push(rowOf(`${name}, Python's, error`, 'rms', [errors.theirs]));
  bars.push(atMost(`${name}: error over Python's`, 1, errors.ours / errors.theirs));
  return { rows, bars };
}
