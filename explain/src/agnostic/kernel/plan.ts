import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { seededRandom } from '../../numeric/random.ts';
import type { Coalitions } from '../coalitions.ts';
import { strataOf } from './strata.ts';
import { coalitionsOf } from './subsets.ts';

/** Pairs `from` to `to` are of one stratum. */
export interface Block {
  readonly from: number;
  readonly to: number;
  /** pairs of that size, tried or not */
  readonly all: number;
  /** kernel weight of each pair that is tried */
  readonly weight: number;
}

/**
 * What of KernelSHAP depends on the number of players and the seed alone: which coalitions are tried, and the solution
 * of the weighted least squares as a matrix, so that a row costs its predictions and one product.
 */
export interface Plan {
  readonly players: number;
  readonly pairs: number;
  readonly blocks: readonly Block[];
  /** all pairs, the coalition at 2i, its complement at 2i + 1 */
  readonly coalitions: Coalitions;
  /** [pairs × players]: what one unit of the pair's halved difference, times its weight, adds to each attribution */
  readonly influence: Float64Array;
  readonly isExact: boolean;
}

/**
 * Least squares of Lundberg and Lee (2017), theorem 2, with the efficiency constraint eliminated by the last player.
 * A coalition and its complement have opposite rows there, so a pair is one row: half of the difference of its worths.
 *
 * @throws ExplainError EXPLAIN_SAMPLES
 */
export function planOf(players: number, samples: number, seed: number): Plan {
  const random = seededRandom(seed);
  const blocks: Block[] = [];
  const found: Uint16Array[] = [];
  for (const stratum of strataOf(players, samples)) {
    const from = found.length;
    for (const members of coalitionsOf(stratum, players, random)) found.push(members);
    const { all, tried, weight } = stratum;
    blocks.push({ from, to: found.length, all, weight: weight / tried });
  }
  return {
    players,
    pairs: found.length,
    blocks,
    coalitions: asPairs(found, players),
    influence: influenceOf(found, players, blocks),
    isExact: blocks.every(({ from, to, all }) => to - from === all),
  };
}

function asPairs(found: readonly Uint16Array[], players: number): Coalitions {
  const members = new Uint8Array(2 * found.length * players);
  found.forEach((inside, pair) => {
    const first = 2 * pair * players;
    members.fill(1, first + players, first + 2 * players);
    for (const player of inside) {
      members[first + player] = 1;
      members[first + players + player] = 0;
    }
  });
  return { count: 2 * found.length, players, members };
}

/** Row of the least squares of each pair: membership less that of the last player. */
function designOf(found: readonly Uint16Array[], players: number): Int8Array {
  const free = players - 1;
  const design = new Int8Array(found.length * free);
  found.forEach((inside, pair) => {
    const first = pair * free;
    if (inside[inside.length - 1] === free) design.fill(-1, first, first + free);
    for (const player of inside)
      if (player < free) design[first + player] = (design[first + player] as number) + 1;
  });
  return design;
}

function influenceOf(
  found: readonly Uint16Array[],
  players: number,
  blocks: readonly Block[],
): Float64Array {
  const free = players - 1;
  const design = designOf(found, players);
  const inverse = inverseOf(normalMatrix(design, free, blocks));
  const influence = new Float64Array(found.length * players);
  for (let pair = 0; pair < found.length; pair++) {
    let last = 0;
    for (let player = 0; player < free; player++) {
      let sum = 0;
      for (let other = 0; other < free; other++)
        sum += (inverse[player * free + other] as number) * (design[pair * free + other] as number);
      influence[pair * players + player] = sum;
      last -= sum;
    }
    influence[pair * players + free] = last;
  }
  return influence;
}

function normalMatrix(design: Int8Array, free: number, blocks: readonly Block[]): Matrix {
  const sums = new Float64Array(free * free);
  for (const { from, to, weight } of blocks)
    for (let pair = from; pair < to; pair++)
      for (let i = 0; i < free; i++) {
        const own = weight * (design[pair * free + i] as number);
        if (own === 0) continue;
        for (let j = 0; j <= i; j++)
          sums[i * free + j] =
            (sums[i * free + j] as number) + own * (design[pair * free + j] as number);
      }
  const matrix = new Matrix(free, free);
  for (let i = 0; i < free; i++)
    for (let j = 0; j <= i; j++) {
      matrix.set(i, j, sums[i * free + j] as number);
      matrix.set(j, i, sums[i * free + j] as number);
    }
  return matrix;
}

/** Positive definite: coalitions of one player are always tried, and tell all players apart. */
function inverseOf(matrix: Matrix): Float64Array {
  const solved = new CholeskyDecomposition(matrix).solve(Matrix.eye(matrix.rows));
  return Float64Array.from(solved.to1DArray());
}
