import { ExplainError } from '../errors.ts';
import { seededRandom } from '../numeric/random.ts';
import type { Random } from '../numeric/random.ts';
import { places, shuffle } from '../numeric/shuffle.ts';
import { sampledExplainer } from './explainer.ts';
import type { Estimate, SampledExplainerOptions, Work } from './explainer.ts';
import type { SampledExplainer } from './explanation.ts';
import { errorOf } from './unseen.ts';
import { wholeOrNull } from './options.ts';
import type { Predict } from './predict.ts';
import type { PredictSource } from './predict-of.ts';

export interface SamplingExplainerOptions extends SampledExplainerOptions {
  /** predictions for a row: 1,000 a feature by default; two make one draw, and every feature needs eight draws */
  readonly samples?: number;
}

const DEFAULT_EACH = 1000;
/** Draws of each feature before the others go where values vary. */
const PILOT = 8;

/**
 * Shapley values by Štrumbelj and Kononenko (2014): each draw takes a random order, a row of the background, and asks what
 * one feature changes. A quarter of the draws tells how much each feature varies, the others go where it does (Neyman). What the sum
 * is off by is then given back in proportion to the variances (generalized least squares), as shap does. The cost does not
 * grow with the background.
 *
 * @throws ExplainError EXPLAIN_OPTION, EXPLAIN_BACKGROUND, FEATURE_COUNT, and the PREDICT_ codes; `explain` EXPLAIN_SAMPLES
 */
export async function samplingExplainer(
  predict: Predict | PredictSource,
  options: SamplingExplainerOptions,
): Promise<SampledExplainer> {
  const samples = wholeOrNull('samples', options.samples, 2, 1e9);
  return sampledExplainer(predict, options, {
    kernel: 'sampling-shap-1',
    attribute: (work) => attribute(work, samples ?? DEFAULT_EACH * work.players.length),
  });
}

async function attribute(work: Work, samples: number): Promise<Estimate> {
  const players = work.players.length;
  const draws = Math.floor(samples / 2);
  if (draws < PILOT * players)
    throw new ExplainError('EXPLAIN_SAMPLES', {
      got: `${samples} samples for ${players} features`,
      want: `at least ${2 * PILOT * players}`,
    });
  work.session.afford(2 * draws);
  const random = seededRandom(work.seed);
  const gains = Array.from({ length: work.outputs * players }, newGains);
  const pilot = Math.max(PILOT, Math.floor(draws / 4 / players));
  await draw(work, random, new Int32Array(players).fill(pilot), gains);
  await draw(work, random, shared(gains, players, draws - pilot * players), gains);
  return projected(work, gains);
}

/** Running mean, squares (Welford) and range of one output's change by one player. */
interface Gains {
  count: number;
  mean: number;
  squares: number;
  least: number;
  most: number;
}

function newGains(): Gains {
  return { count: 0, mean: 0, squares: 0, least: Infinity, most: -Infinity };
}

function add(gains: Gains, gain: number): void {
  const step = gain - gains.mean;
  gains.count++;
  gains.mean += step / gains.count;
  gains.squares += step * (gain - gains.mean);
  gains.least = Math.min(gains.least, gain);
  gains.most = Math.max(gains.most, gain);
}

/** Draws in proportion to the standard deviation of each player, over all outputs. */
function shared(gains: readonly Gains[], players: number, draws: number): Int32Array {
  const deviations = Float64Array.from({ length: players }, (_, player) => {
    let sum = 0;
    for (let i = player; i < gains.length; i += players) sum += gains[i]?.squares ?? 0;
    return Math.sqrt(sum);
  });
  const total = deviations.reduce((sum, deviation) => sum + deviation, 0);
  return Int32Array.from(deviations, (deviation) =>
    Math.floor(draws * (total === 0 ? 1 / players : deviation / total)),
  );
}

/** Asks for `counts[player]` draws of each player: the row with the player, then without it. */
async function draw(
  work: Work,
  random: Random,
  counts: Int32Array,
  gains: readonly Gains[],
): Promise<void> {
  const { players, population, row, outputs } = work;
  const many = players.length;
  const turns = new Int32Array(counts.reduce((sum, count) => sum + count, 0));
  let filled = 0;
  counts.forEach((count, player) => turns.fill(player, filled, (filled += count)));
  const order = places(many);
  const without = new Float64Array(row.length);
  const last = new Float64Array(outputs);
  await work.session.ask({
    rows: 2 * turns.length,
    width: row.length,
    write: (asked, index) => {
      const player = turns[index >> 1] as number;
      if (index % 2 === 1) return asked.set(without);
      without.set(population.rows[drawnRow(population.weights, random())] as Float64Array);
      shuffle(order, random);
      for (let i = 0; order[i] !== player; i++) {
        const feature = players[order[i] as number] as number;
        without[feature] = row[feature] as number;
      }
      asked.set(without);
      const own = players[player] as number;
      asked[own] = row[own] as number;
    },
    read: ({ values }, first, count) => {
      for (let i = 0; i < count; i++)
        for (let output = 0; output < outputs; output++) {
          const value = values[i * outputs + output] as number;
          const place = output * many + (turns[(first + i) >> 1] as number);
          if ((first + i) % 2 === 0) last[output] = value;
          else add(gains[place] as Gains, (last[output] as number) - value);
        }
    },
  });
}

/** Index of the row in whose share of [0, 1) the number lies. */
function drawnRow(weights: Float64Array, number: number): number {
  let sum = 0;
  for (let index = 0; index < weights.length - 1; index++) {
    sum += weights[index] as number;
    if (number < sum) return index;
  }
  return weights.length - 1;
}

/** The independent estimates, moved onto those that add up where their variances say they are least sure. */
function projected({ players, outputs, score, base }: Work, gains: readonly Gains[]): Estimate {
  const many = players.length;
  const freedom = gains.reduce((least, { count }) => Math.min(least, count), Infinity) - 1;
  const values: Float64Array[] = [];
  const errors: Float64Array[] = [];
  for (let output = 0; output < outputs; output++) {
    const own = gains.slice(output * many, (output + 1) * many);
    const means = Float64Array.from(own, ({ mean }) => mean);
    const variances = Float64Array.from(own, ({ squares, count }) => squares / (count - 1) / count);
    const rest =
      (score[output] as number) - (base[output] as number) - means.reduce((a, b) => a + b, 0);
    const all = variances.reduce((a, b) => a + b, 0);
    const shares = variances.map((variance) => (all === 0 ? 1 / many : variance / all));
    values.push(means.map((mean, player) => mean + rest * (shares[player] as number)));
    // A sum that the variances do not explain: some player changes more than any draw has shown, and nobody knows which.
    const unseen = Math.abs(rest) > 3 * Math.sqrt(all) ? Math.abs(rest) : 0;
    const widest = own.reduce((most, gain) => Math.max(most, gain.most - gain.least), 0);
    errors.push(
      variances.map((variance, player) => {
        const known = Math.sqrt(Math.max(0, variance * (1 - (shares[player] as number))));
        const { count } = own[player] as Gains;
        return Math.max(unseen, errorOf(known, { draws: count, widest, freedom }));
      }),
    );
  }
  return { values, errors, freedom };
}
