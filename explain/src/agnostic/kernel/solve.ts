import type { Block, Plan } from './plan.ts';

export interface Solved {
  /** one per player */
  readonly values: Float64Array;
  readonly errors: Float64Array;
  /** degrees of freedom of each error */
  readonly freedom: Float64Array;
}

/**
 * Attributions of one output and their standard errors.
 *
 * @param halves half of the difference between the worths of each coalition and its complement
 * @param total  score less base value: what the attributions add up to
 */
export function solvePlan(plan: Plan, halves: Float64Array, total: number): Solved {
  const { players, pairs, blocks, influence } = plan;
  const members = plan.coalitions.members;
  const last = players - 1;
  const isIn = (pair: number, player: number): number =>
    members[2 * pair * players + player] as number;
  const targets = halves.map((half, pair) => half - (isIn(pair, last) - 0.5) * total);
  const values = new Float64Array(players);
  for (const { from, to, weight } of blocks)
    for (let pair = from; pair < to; pair++) {
      const target = weight * (targets[pair] as number);
      for (let player = 0; player < players; player++)
        values[player] =
          (values[player] as number) + target * (influence[pair * players + player] as number);
    }
  values[last] = (values[last] as number) + total;
  const residuals = new Float64Array(pairs);
  for (let pair = 0; pair < pairs; pair++) {
    let fitted = -total / 2;
    for (let player = 0; player < players; player++)
      if (isIn(pair, player) === 1) fitted += values[player] as number;
    residuals[pair] = (halves[pair] as number) - fitted;
  }
  return { values, ...errorsOf(plan, residuals) };
}

/**
 * Stratified sampling without replacement: the variance is the sum over the strata of W²(1 - n/N)s²/n (Cochran, 5.25). Few strata may
 * make up most of it, so its degrees of freedom are Satterthwaite's (Cochran, 5.16), not those of all draws together.
 */
function errorsOf(plan: Plan, residuals: Float64Array): Pick<Solved, 'errors' | 'freedom'> {
  const variances = new Float64Array(plan.players);
  const squares = new Float64Array(plan.players);
  const whole = new Float64Array(plan.pairs);
  for (const block of plan.blocks) {
    const tried = block.to - block.from;
    if (tried === block.all) continue;
    for (let pair = block.from; pair < block.to; pair++)
      whole[pair] = (residuals[pair] as number) / (1 - leverageOf(plan, block, pair));
    const factor = block.weight * block.weight * tried * (1 - tried / block.all);
    for (let player = 0; player < plan.players; player++) {
      const variance = factor * spreadOf(plan, block, whole, player);
      variances[player] = (variances[player] as number) + variance;
      squares[player] = (squares[player] as number) + (variance * variance) / (tried - 1);
    }
  }
  return {
    errors: variances.map(Math.sqrt),
    freedom: variances.map((sum, player) =>
      sum === 0 ? Infinity : (sum * sum) / (squares[player] as number),
    ),
  };
}

/** Sample variance, over the pairs of a stratum, of what a unit of weight adds to an attribution. */
function spreadOf(plan: Plan, block: Block, residuals: Float64Array, player: number): number {
  const { influence, players } = plan;
  let mean = 0;
  let squares = 0;
  for (let pair = block.from; pair < block.to; pair++) {
    const score = (influence[pair * players + player] as number) * (residuals[pair] as number);
    const step = score - mean;
    mean += step / (pair - block.from + 1);
    squares += step * (score - mean);
  }
  return squares / (block.to - block.from - 1);
}

/** How much of its own residual a pair takes with it into the fit: such residuals are too small by that share. */
function leverageOf(
  { influence, players, coalitions }: Plan,
  { weight }: Block,
  pair: number,
): number {
  let sum = 0;
  for (let player = 0; player < players; player++)
    sum +=
      (influence[pair * players + player] as number) *
      (coalitions.members[2 * pair * players + player] as number);
  return Math.min(weight * sum, 0.9);
}
