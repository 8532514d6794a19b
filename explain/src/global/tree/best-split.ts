import type { Steps } from '../../batch/turn.ts';
import { byValue } from '../features.ts';
import type { CartData } from './cart.ts';

/** A split of some rows in two; `left` is 1 for each row of the data that goes left. */
export interface Split {
  readonly feature: number;
  readonly threshold: number;
  /** categories that go right, ascending; null for numbers */
  readonly categories: Int32Array | null;
  readonly missingLeft: boolean;
  readonly left: Uint8Array;
}

/** Rows of like value, in order, with what each output sums to in them. */
interface Run {
  readonly value: number;
  readonly rows: readonly number[];
  readonly sums: Float64Array;
}

interface Cut {
  readonly gain: number;
  /** how many runs go left */
  readonly at: number;
  readonly missingLeft: boolean;
}

/** Gains that rounding alone makes are none. */
const NOISE = 1e-12;

/** The split of least squared error, or null where none lessens it; a step a feature. */
export function* bestSplit(
  data: CartData,
  members: Int32Array,
  kinds: readonly boolean[],
  minLeaf: number,
): Steps<Split | null> {
  if (isPure(data, members)) return null;
  const centred = centre(data, members);
  const spread = centred.reduce((sum, x) => sum + x * x, 0);
  let best: (Cut & { readonly feature: number; readonly runs: readonly Run[] }) | null = null;
  let missing: readonly number[] = [];
  for (let feature = 0; feature < kinds.length; feature++) {
    const { runs, gone } = runsOf(data, members, centred, feature);
    const orders = kinds[feature] === true ? ordersOf(runs, data.outputs) : [runs];
    for (const order of orders) {
      const cut = bestCut(order, gone, minLeaf, data.outputs);
      if (cut === null || cut.gain <= Math.max(best?.gain ?? 0, NOISE * spread)) continue;
      best = { ...cut, feature, runs: order };
      missing = gone.rows;
    }
    // Sorting goes through them about as often as their number has digits.
    yield 4 * members.length;
  }
  if (best === null) return null;
  const isLarger = 2 * countOf(best.runs.slice(0, best.at)) > members.length;
  const missingLeft = missing.length === 0 ? isLarger : best.missingLeft;
  const chosen = { ...best, missingLeft };
  return splitOf(data.rows.length, chosen, missing, kinds[best.feature] === true);
}

function splitOf(
  rows: number,
  {
    feature,
    at,
    runs,
    missingLeft,
  }: Cut & { readonly feature: number; readonly runs: readonly Run[] },
  missing: readonly number[],
  categorical: boolean,
): Split {
  const left = new Uint8Array(rows);
  for (const run of runs.slice(0, at)) for (const row of run.rows) left[row] = 1;
  if (missingLeft) for (const row of missing) left[row] = 1;
  const categories = categorical
    ? Int32Array.from(runs.slice(at), ({ value }) => value).sort()
    : null;
  const threshold = categorical ? 0 : between(runs[at - 1], runs[at]);
  return { feature, threshold, categories, missingLeft, left };
}

function countOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.rows.length, 0);
}

/** Midway, and never the upper value itself, so that it goes right; without an upper one all numbers go left. */
function between(low: Run | undefined, high: Run | undefined): number {
  if (low === undefined) return NaN;
  if (high === undefined) return Infinity;
  const middle = low.value / 2 + high.value / 2;
  return middle >= low.value && middle < high.value ? middle : low.value;
}

function isPure({ targets, outputs }: CartData, members: Int32Array): boolean {
  const first = (members[0] as number) * outputs;
  return members.every((row) => {
    for (let output = 0; output < outputs; output++)
      if (targets[row * outputs + output] !== targets[first + output]) return false;
    return true;
  });
}

/** Targets of the members less their mean: [member × output]. */
function centre({ targets, outputs }: CartData, members: Int32Array): Float64Array {
  const centred = new Float64Array(members.length * outputs);
  for (let output = 0; output < outputs; output++) {
    let sum = 0;
    for (const row of members) sum += targets[row * outputs + output] as number;
    members.forEach((row, i) => {
      centred[i * outputs + output] =
        (targets[row * outputs + output] as number) - sum / members.length;
    });
  }
  return centred;
}

function runsOf(
  { rows, outputs }: CartData,
  members: Int32Array,
  centred: Float64Array,
  feature: number,
): { runs: Run[]; gone: Run } {
  const gone = { value: NaN, rows: [] as number[], sums: new Float64Array(outputs) };
  const values = Float64Array.from(members, (row) => rows[row]?.[feature] ?? NaN);
  const order = Array.from(members.keys()).sort((a, b) => byValue(values, a, b));
  const runs: (Run & { rows: number[] })[] = [];
  for (const place of order) {
    const value = values[place] as number;
    let run = Number.isNaN(value) ? gone : runs.at(-1);
    if (run === undefined || (run !== gone && run.value !== value)) {
      run = { value, rows: [], sums: new Float64Array(outputs) };
      runs.push(run);
    }
    run.rows.push(members[place] as number);
    for (let output = 0; output < outputs; output++)
      run.sums[output] =
        (run.sums[output] as number) + (centred[place * outputs + output] as number);
  }
  return { runs, gone };
}

/** Categories by mean target, once for each output: the best split in two sets is a cut of such an order (Fisher 1958). */
function ordersOf(runs: readonly Run[], outputs: number): Run[][] {
  const mean = (run: Run, output: number) => (run.sums[output] as number) / run.rows.length;
  return Array.from({ length: outputs }, (_, output) =>
    [...runs].sort((a, b) => mean(a, output) - mean(b, output) || a.value - b.value),
  );
}

/** The targets are centred, so the gain of a split is Σ over outputs of left² / n + right² / m, where right = −left. */
function bestCut(runs: readonly Run[], gone: Run, minLeaf: number, outputs: number): Cut | null {
  const all = countOf(runs) + gone.rows.length;
  const hasMissing = gone.rows.length > 0;
  let best: Cut | null = null;
  let count = 0;
  const sums = new Float64Array(outputs);
  for (let at = 1; at <= (hasMissing ? runs.length : runs.length - 1); at++) {
    const run = runs[at - 1] as Run;
    count += run.rows.length;
    for (let output = 0; output < outputs; output++)
      sums[output] = (sums[output] as number) + (run.sums[output] as number);
    for (const missingLeft of hasMissing && at < runs.length ? [false, true] : [false]) {
      const n = count + (missingLeft ? gone.rows.length : 0);
      if (n < minLeaf || all - n < minLeaf) continue;
      const squared = sums.reduce(
        (sum, left, output) =>
          sum + (left + (missingLeft ? (gone.sums[output] as number) : 0)) ** 2,
        0,
      );
      const gain = squared / n + squared / (all - n);
      if (gain > (best?.gain ?? 0)) best = { gain, at, missingLeft };
    }
  }
  return best;
}
