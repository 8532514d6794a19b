import { isMet } from './goal.ts';
import type { CheckedGoal } from './goal.ts';
import type { Account } from './account.ts';
import { cornersMeet, pointBox, pointSide } from './landscape.ts';
import type { Answer, Box, Landscape, Side } from './landscape.ts';
import { byDistance, moved } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';
import type { Random } from '../numeric/random.ts';
import type { ResolvedFeature } from './resolve.ts';
import { categoryMoves } from './tree-moves.ts';

/** The goal's number for each row. */
export type Measure = (rows: readonly Float64Array[]) => readonly number[];

/** Values that are tried on each side of a row's own. */
const SAMPLES = 16;
const HALVINGS = 40;
/** Values inside a box that are tried beside its corners. */
const INSIDE = 32;

/**
 * A row before any model that says a number: each feature is tried at pseudo-random values, one in each of equal strips
 * up to its bounds; where the outcome turns between two of them is then found by halving.
 *
 * @param isMonotone  whether the number rises or falls in each feature throughout: then corners prove a box
 */
export function sampledLandscape(
  measure: Measure,
  goal: CheckedGoal,
  row: Float64Array,
  features: readonly ResolvedFeature[],
  random: Random,
  isMonotone: boolean,
): Landscape {
  const sign = goal.isBelow ? 1 : -1;
  const gapOf = (value: number): number => sign * (value - goal.threshold);
  const ask = (changed: Float64Array): Answer => {
    const value = measure([changed])[0] ?? NaN;
    return { value, isMet: isMet(goal, value) };
  };
  const landscape: Landscape = {
    row,
    features: features.map((feature) => sampledMoves(row, feature, random)),
    isComplete: false,
    profile: (changed, own) =>
      Float64Array.from(measure(own.moves.map((move) => moved(changed, [move]))), gapOf),
    plane: null,
    // A gap of exactly 0 is for the goal to judge.
    band: 0,
    ask,
    price: ({ moves }) => moves.length,
    refine: (moves, account) => refined(landscape, moves, account),
    widen: (moves, account) => widened(landscape, moves, random, isMonotone, account),
  };
  return landscape;
}

function sampledMoves(row: Float64Array, feature: ResolvedFeature, random: Random): FeatureMoves {
  const { categories, index, mutable, scale, step } = feature;
  const own = row[index] ?? NaN;
  const moves =
    categories !== null
      ? categoryMoves(own, feature, categories)
      : numbersToTry(own, feature, random).map((value) => moveTo(value, own, feature));
  return { feature: index, mutable, step, scale, categories, moves: moves.sort(byDistance) };
}

function moveTo(value: number, own: number, { index, mutable, scale }: ResolvedFeature): Move {
  const direction = Number.isNaN(own) ? 0 : value > own ? 1 : -1;
  const distance = mutable.cost * (direction === 0 ? 1 : Math.abs(value - own) / scale);
  return { feature: index, direction, value, low: value, high: value, distance, rank: 0 };
}

function numbersToTry(own: number, feature: ResolvedFeature, random: Random): number[] {
  const { mutable } = feature;
  const min = mutable.min ?? NaN;
  const max = mutable.max ?? NaN;
  const values = new Set<number>();
  const strips = (from: number, to: number): void => {
    for (let i = 1; i <= SAMPLES; i++) {
      const part = i === SAMPLES ? 1 : (i - 1 + random()) / SAMPLES;
      values.add(stepped(from + part * (to - from), feature));
    }
  };
  if (Number.isNaN(own)) {
    if (mutable.fromMissing) strips(min, max);
  } else {
    if (mutable.direction !== 'down' && max > own) strips(Math.max(own, min), max);
    if (mutable.direction !== 'up' && min < own) strips(Math.min(own, max), min);
  }
  return [...values].filter((value) => value !== own && value >= min && value <= max);
}

function stepped(value: number, { step }: Pick<ResolvedFeature, 'step'>): number {
  return step === null ? value : Number((Math.round(value / step) * step).toPrecision(15));
}

/** Each value, one after the other, as near to the row's own as still does. */
function refined(landscape: Landscape, moves: readonly Move[], account: Account): readonly Move[] {
  let current = moves;
  for (const { feature } of moves) {
    const move = current.find((one) => one.feature === feature);
    const own = landscape.features.find((one) => one.feature === feature);
    if (move === undefined || own === undefined || move.direction === 0) continue;
    const reaches = (value: number): boolean =>
      account.spend(1) && landscape.ask(moved(landscape.row, current).with(feature, value)).isMet;
    // What lies outside the bounds begins at the nearer one.
    const within = clamped(landscape.row[feature] ?? NaN, own);
    const isOutside = !Object.is(within, landscape.row[feature]);
    const value =
      isOutside && reaches(within) ? within : halved(within, move.value, own.step, reaches);
    const distance =
      (own.mutable.cost * Math.abs(value - (landscape.row[feature] ?? NaN))) / own.scale;
    const nearest: Move = { ...move, value, low: value, high: value, distance };
    current = current.map((one) => (one === move ? nearest : one));
  }
  return current;
}

function clamped(value: number, { mutable, step }: FeatureMoves): number {
  const { max, min } = mutable;
  if (min !== null && value < min) return inside(min, 1, step);
  return max !== null && value > max ? inside(max, -1, step) : value;
}

/** The multiple of the step at a bound that does not lie beyond it; `towards`: where the inside is. */
function inside(bound: number, towards: 1 | -1, step: number | null): number {
  if (step === null) return bound;
  const count = towards === 1 ? Math.ceil(bound / step) : Math.floor(bound / step);
  return Number((count * step).toPrecision(15));
}

/** The value nearest to `fails` that halving finds to do. */
function halved(
  fails: number,
  does: number,
  step: number | null,
  reaches: (value: number) => boolean,
): number {
  let [open, closed] = [fails, does];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = stepped((open + closed) / 2, { step });
    if (middle === open || middle === closed) break;
    if (reaches(middle)) closed = middle;
    else open = middle;
  }
  return closed;
}

/** Each value out to its bound, or as far as all corners keep the outcome. */
function widened(
  landscape: Landscape,
  moves: readonly Move[],
  random: Random,
  isMonotone: boolean,
  account: Account,
): Box {
  const keeps = (sides: readonly Side[]): boolean => cornersMeet(landscape, sides, account);
  let sides: Side[] = moves.map((move) =>
    pointSide({ ...move, rank: move.direction === 0 ? -1 : 0 }),
  );
  moves.forEach((move, i) => {
    const own = landscape.features.find(({ feature }) => feature === move.feature);
    if (own === undefined || move.direction === 0) return;
    const withEnd = (end: number): Side[] =>
      sides.map((side, k) =>
        k !== i
          ? side
          : { ...side, low: Math.min(end, move.value), high: Math.max(end, move.value) },
      );
    const bound = (move.direction === 1 ? own.mutable.max : own.mutable.min) ?? move.value;
    const last = inside(bound, move.direction === 1 ? -1 : 1, own.step);
    const end = halved(last, move.value, own.step, (value) => keeps(withEnd(value)));
    sides = withEnd(keeps(withEnd(last)) ? last : end);
  });
  if (isMonotone) return { sides, proven: true };
  for (let i = 0; i < INSIDE; i++)
    if (!account.spend(1) || !landscape.ask(insideOf(landscape.row, sides, random)).isMet)
      return { ...pointBox(moves), proven: false };
  return { sides, proven: false };
}

function insideOf(row: Float64Array, sides: readonly Side[], random: Random): Float64Array {
  const inside = Float64Array.from(row);
  for (const { move, low, high } of sides)
    inside[move.feature] = low === high ? low : low + random() * (high - low);
  return inside;
}
