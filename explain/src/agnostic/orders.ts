import { errorOf, errorOfAgreement, ROUNDING } from './unseen.ts';
import type { Estimate, Work } from './explainer.ts';

/**
 * Attributions of one output from orders in which the players join, each walked to and fro: the mean over the walks of what each
 * player's joining changes. A walk back joins in the opposite order, which makes the pair exact for games of at most two
 * players together (antithetic sampling; shap's permutation explainer).
 *
 * @param orders at least two; each a permutation of the players
 * @param isEvery they are all orders there are, up to their direction
 */
export async function alongOrders(
  work: Work,
  orders: readonly ArrayLike<number>[],
  isEvery: boolean,
): Promise<Estimate> {
  const players = work.players.length;
  const worths = await work.worths(steps(orders, players));
  const values: Float64Array[] = [];
  const errors: Float64Array[] = [];
  for (let output = 0; output < work.outputs; output++) {
    const { means, deviations } = meanGains(work, orders, worths, output);
    values.push(means);
    errors.push(deviations);
  }
  return { values, errors: isEvery ? null : errors, freedom: orders.length - 1 };
}

/** Of each order the first 1, 2, … players - 1, then the last as many: 2·(players - 1) coalitions an order. */
function steps(orders: readonly ArrayLike<number>[], players: number) {
  const inner = players - 1;
  const count = 2 * inner * orders.length;
  const members = new Uint8Array(count * players);
  orders.forEach((order, walk) => {
    for (let size = 1; size < players; size++) {
      const to = (2 * walk * inner + size - 1) * players;
      const fro = to + inner * players;
      for (let i = 0; i < size; i++) {
        members[to + (order[i] as number)] = 1;
        members[fro + (order[players - 1 - i] as number)] = 1;
      }
    }
  });
  return { count, players, members };
}

function meanGains(
  work: Work,
  orders: readonly ArrayLike<number>[],
  worths: Float64Array,
  output: number,
): { means: Float64Array; deviations: Float64Array } {
  const players = work.players.length;
  const means = new Float64Array(players);
  const squares = new Float64Array(players);
  const [walks, steps] = [new Ranges(players), new Ranges(players)];
  orders.forEach((order, walk) => {
    const gains = walkGains(work, order, worths, { walk, output }, steps);
    gains.forEach((gain, player) => {
      walks.add(player, gain);
      const step = gain - (means[player] as number);
      means[player] = (means[player] as number) + step / (walk + 1);
      squares[player] = (squares[player] as number) + step * (gain - means[player]);
    });
  });
  const [draws, freedom] = [orders.length, orders.length - 1];
  const many = draws * Math.max(draws - 1, 1);
  const [widest, widestStep] = [walks.widest(), steps.widest()];
  const agreed = errorOfAgreement({ draws, widest: widestStep, freedom });
  const isAgreed = widest <= ROUNDING * widestStep;
  return {
    means,
    deviations: squares.map((sum) =>
      isAgreed ? agreed : errorOf(Math.sqrt(sum / many), { draws, widest, freedom }),
    ),
  };
}

/** Between which numbers each player's changes lie. */
class Ranges {
  readonly #least: Float64Array;
  readonly #most: Float64Array;

  constructor(players: number) {
    this.#least = new Float64Array(players).fill(Infinity);
    this.#most = new Float64Array(players).fill(-Infinity);
  }

  add(player: number, change: number): void {
    this.#least[player] = Math.min(this.#least[player] as number, change);
    this.#most[player] = Math.max(this.#most[player] as number, change);
  }

  /** over all players; 0 where none varies */
  widest(): number {
    return this.#most.reduce((all, most, i) => Math.max(all, most - (this.#least[i] as number)), 0);
  }
}

/** Of one order, to and fro: half of what each player's joining changed in both. */
function walkGains(
  { players, base, score, outputs }: Work,
  order: ArrayLike<number>,
  worths: Float64Array,
  { walk, output }: { walk: number; output: number },
  steps: Ranges,
): Float64Array {
  const inner = players.length - 1;
  const gains = new Float64Array(players.length);
  for (const back of [0, 1]) {
    const first = (2 * walk + back) * inner;
    let before = base[output] as number;
    for (let i = 0; i <= inner; i++) {
      const player = order[back === 0 ? i : inner - i] as number;
      const after =
        i === inner
          ? (score[output] as number)
          : (worths[(first + i) * outputs + output] as number);
      gains[player] = (gains[player] as number) + (after - before) / 2;
      steps.add(player, after - before);
      before = after;
    }
  }
  return gains;
}
