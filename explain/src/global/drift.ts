import { wholeOption } from '../agnostic/options.ts';
import type { ExplanationArrays } from '../batch/arrays.ts';
import { atOnce } from '../batch/turn.ts';
import type { Steps } from '../batch/turn.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { cellsOf, countsIn } from './cells.ts';
import type { Cell } from './cells.ts';
import { logFloat64 } from '../numeric/log64.ts';
import { checkRows, columnOf, isCategorical, sortedPresent } from './features.ts';
import type { FeatureFacts } from './features.ts';
import { kolmogorovSmirnov } from './kolmogorov.ts';
import type { KolmogorovSmirnov } from './kolmogorov.ts';

export interface DriftOptions {
  /** cells of numbers, 2 to 100; 10 by default */
  readonly bins?: number;
}

/** How one column of numbers differs between two sets. */
export interface Drift {
  readonly name: string;
  /** population stability index: Σ (q − p)·ln(q / p) over the cells */
  readonly psi: number;
  readonly cells: readonly (Cell & {
    /** rows of the reference and of the other set */
    readonly reference: number;
    readonly other: number;
  })[];
  /** of the values that are there; null for categories and where a side has none */
  readonly ks: KolmogorovSmirnov | null;
}

/** A set of rows with what the model makes of them. */
export interface ExplainedSet {
  readonly rows: readonly FeatureRow[];
  /** of the same rows; drift of attributions and scores is left out without */
  readonly explained?: Pick<ExplanationArrays, 'outputs' | 'features' | 'attributions' | 'scores'>;
}

export interface DriftReport {
  readonly referenceRows: number;
  readonly otherRows: number;
  readonly bins: number;
  /** how an empty cell counts */
  readonly zeroCells: typeof ZERO_RULE;
  readonly features: readonly Drift[];
  /** [output][feature]; empty without explanations */
  readonly attributions: readonly (readonly Drift[])[];
  /** per output; empty without explanations */
  readonly scores: readonly Drift[];
}

const ZERO_RULE = 'a cell that only one set fills counts as half a row of the other';

/**
 * Drift of features, attributions and scores from a reference set to another: population stability index over cells of
 * the reference (its deciles by default; each value where there are few; missing apart) and the two-sample
 * Kolmogorov-Smirnov statistic. PSI of few rows is large by chance alone: its mean without any drift is about
 * (cells − 1)·(1/n + 1/m).
 *
 * @throws ExplainError GLOBAL_ROWS when a set is empty, FEATURE_COUNT, EXPLAIN_OPTION, EXPLAIN_ARRAYS
 */
export function driftReport(
  features: FeatureFacts,
  reference: ExplainedSet,
  other: ExplainedSet,
  options: DriftOptions = {},
): DriftReport {
  return atOnce(driftSteps(features, reference, other, options));
}

/** The same in steps. */
export function* driftSteps(
  features: FeatureFacts,
  reference: ExplainedSet,
  other: ExplainedSet,
  { bins = 10 }: DriftOptions = {},
): Steps<DriftReport> {
  wholeOption('bins', bins, 2, 100);
  const { featureNames } = features;
  checkRows(reference.rows, featureNames.length, 1, 'reference rows');
  checkRows(other.rows, featureNames.length, 1, 'other rows');
  const [before, after] = [attributionColumns(reference), attributionColumns(other)];
  if (before.length !== after.length || before.some((one, i) => one.length !== after[i]?.length))
    throw new ExplainError('EXPLAIN_ARRAYS', {
      got: 'explanations of two shapes',
      want: 'both sets explained by one model, or neither',
    });
  const values = featureNames.map((name, feature) => ({
    name,
    reference: columnOf(reference.rows, feature),
    other: columnOf(other.rows, feature),
    categories: isCategorical(features, feature),
  }));
  const pushes = before.map((columns, output) =>
    columns.map((column, at) => ({
      name: at === 0 ? 'score' : (featureNames[at - 1] ?? ''),
      reference: column,
      other: after[output]?.[at] ?? new Float64Array(),
      categories: false,
    })),
  );
  const found: Drift[][] = [];
  for (const columns of [values, ...pushes]) found.push(yield* drifts(columns, bins));
  const [ofFeatures = [], ...ofOutputs] = found;
  return {
    referenceRows: reference.rows.length,
    otherRows: other.rows.length,
    bins,
    zeroCells: ZERO_RULE,
    features: ofFeatures,
    attributions: ofOutputs.map((list) => list.slice(1)),
    scores: ofOutputs.map(([score]) => score as Drift),
  };
}

/** One column in both sets. */
interface Column {
  readonly name: string;
  readonly reference: Float64Array;
  readonly other: Float64Array;
  readonly categories: boolean;
}

function* drifts(columns: readonly Column[], bins: number): Steps<Drift[]> {
  const found: Drift[] = [];
  for (const column of columns) {
    found.push(drift(column, bins));
    // Both are sorted, for the cells and for their distance.
    yield 8 * (column.reference.length + column.other.length);
  }
  return found;
}

/** [output][score, then each feature]. */
function attributionColumns({ rows, explained }: ExplainedSet): Float64Array[][] {
  if (explained === undefined) return [];
  const { outputs, features, attributions, scores } = explained;
  if (scores.length !== rows.length * outputs)
    throw new ExplainError('EXPLAIN_ARRAYS', {
      got: `${scores.length} scores`,
      want: `${outputs} for each of ${rows.length} rows`,
    });
  return Array.from({ length: outputs }, (_, output) => [
    Float64Array.from(rows, (_row, i) => scores[i * outputs + output] as number),
    ...Array.from({ length: features }, (_feature, feature) =>
      Float64Array.from(
        rows,
        (_row, i) => attributions[(i * outputs + output) * features + feature] as number,
      ),
    ),
  ]);
}

function drift({ name, reference, other, categories }: Column, bins: number): Drift {
  const cells = cellsOf(reference, bins, categories);
  const before = countsIn(cells, reference);
  const after = countsIn(cells, other);
  const kept = cells.flatMap((cell, i) => {
    const [p, q] = [before[i] as number, after[i] as number];
    return p === 0 && q === 0 ? [] : [{ ...cell, reference: p, other: q }];
  });
  return {
    name,
    psi: stabilityIndex(kept, reference.length, other.length),
    cells: kept,
    ks: categories ? null : kolmogorovSmirnov(sortedPresent(reference), sortedPresent(other)),
  };
}

function stabilityIndex(
  cells: readonly { readonly reference: number; readonly other: number }[],
  referenceRows: number,
  otherRows: number,
): number {
  return cells.reduce((sum, { reference, other }) => {
    const p = (reference === 0 ? 0.5 : reference) / referenceRows;
    const q = (other === 0 ? 0.5 : other) / otherRows;
    return sum + (q - p) * logFloat64(q / p);
  }, 0);
}
