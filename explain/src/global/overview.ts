import { attributionFacts } from '../agnostic/attributions.ts';
import type { AttributionFacts, ExplainedRows, RowsExplainer } from '../agnostic/attributions.ts';
import { seedOption } from '../agnostic/options.ts';
import type { PredictOptions } from '../agnostic/predict.ts';
import { inTurns } from '../batch/turn.ts';
import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { seededRandom } from '../numeric/random.ts';
import { accumulatedEffects } from './accumulated-effects.ts';
import type { AccumulatedEffects } from './accumulated-effects.ts';
import { compareCohorts } from './cohorts.ts';
import type { Cohort } from './cohorts.ts';
import { driftSteps } from './drift.ts';
import type { DriftReport } from './drift.ts';
import { checkRows } from './features.ts';
import { meanAbsoluteAttributions } from './mean-absolute.ts';
import type { FeatureGroups, Importance } from './mean-absolute.ts';
import { checkOutput, partialDependence } from './partial-dependence.ts';
import type { PartialDependence } from './partial-dependence.ts';
import { permutationImportance } from './permutation.ts';
import type { PermutationImportance } from './permutation.ts';
import type { Scorer } from './scorers.ts';
import { places, shuffle } from '../numeric/shuffle.ts';
import { sourceOf } from './subject.ts';
import type { Subject } from './subject.ts';
import { surrogateSteps } from './tree/surrogate.ts';
import type { Surrogate, SurrogateOptions } from './tree/surrogate.ts';

export interface GlobalQuestion {
  readonly model: Subject;
  /** of the model: an exact one, or `batchOf` one that samples */
  readonly explainer: RowsExplainer;
  readonly rows: readonly FeatureRow[];
  readonly groups?: FeatureGroups;
  /** known outcomes of the rows: permutation importance is left out without */
  readonly target?: { readonly values: ArrayLike<number>; readonly scorer: Scorer };
  /** later rows, say: drift is left out without */
  readonly other?: readonly FeatureRow[];
  /** as `compareCohorts`; left out without */
  readonly cohorts?: {
    readonly cohortOf: readonly (string | null)[];
    /** by row, or by the scores of a row, one per output */
    readonly approved?: readonly boolean[] | ((scores: ArrayLike<number>) => boolean);
  };
  /** whether to ask the model at made-up rows: partial dependence and accumulated effects; true by default */
  readonly curves?: boolean;
  /** whose score curves, rules and cohorts are of, from 0; 0 by default */
  readonly output?: number;
  /** null: none */
  readonly surrogate?: Omit<SurrogateOptions, 'seed' | 'output'> | null;
  /** draws everything that is drawn; 0 by default */
  readonly seed?: number;
  /** how the model is asked, for curves and permutation importance */
  readonly asking?: Omit<PredictOptions, 'maxPredictions'>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GlobalProgress) => void;
}

export interface GlobalProgress {
  readonly stage: 'attributions' | 'drift' | 'permutation' | 'curves';
  readonly done: number;
  readonly total: number;
}

/** A model as a whole, over some rows; null and empty: not asked for. */
export interface GlobalExplanation {
  readonly facts: AttributionFacts;
  readonly rows: number;
  readonly seed: number;
  readonly importance: readonly Importance[];
  readonly permutation: PermutationImportance | null;
  /** whose score curves, rules and cohorts are of */
  readonly output: number;
  /** of that output's score, in the order of the features that have a value, over at most 1,000 of the rows */
  readonly partialDependence: readonly PartialDependence[];
  readonly accumulatedEffects: readonly AccumulatedEffects[];
  /** features without a curve, since none of these rows has a finite value of them */
  readonly withoutCurve: readonly string[];
  /** of the scores */
  readonly surrogate: Surrogate | null;
  readonly drift: DriftReport | null;
  readonly cohorts: readonly Cohort[] | null;
}

/** Rows that curves are drawn over, and points of each. */
const CURVE_ROWS = 1000;
const CURVE_POINTS = 20;

/**
 * Everything of this folder at once, for a loaded model or `predictedModel`: what `showcause explain --global` prints and a model card is
 * made from. The same question gives the same bytes.
 *
 * @throws ExplainError as the parts do: GLOBAL_*, EXPLAIN_*, FEATURE_COUNT, and the reason of `signal`
 */
export async function explainGlobally(question: GlobalQuestion): Promise<GlobalExplanation> {
  const { model, explainer, rows, other, groups } = question;
  const seed = seedOption(question.seed);
  const { output = 0 } = question;
  checkOutput(output, model.outputs);
  checkRows(rows, model.featureNames.length);
  if (other !== undefined) checkRows(other, model.featureNames.length, 1, 'other rows');
  const explain = (given: readonly FeatureRow[], stage: GlobalProgress['stage']) =>
    explainer.explainBatch(given, {
      ...signalOf(question),
      onProgress: ({ done, total }) => question.onProgress?.({ stage, done, total }),
    });
  const explained = await explain(rows, 'attributions');
  const later =
    other === undefined ? null : { rows: other, explained: await explain(other, 'drift') };
  return {
    facts: attributionFacts(explained),
    rows: rows.length,
    seed,
    output,
    importance: meanAbsoluteAttributions(explained, model.featureNames, groups),
    permutation: await permutationOf(question, seed),
    ...(await curvesOf(question, seed)),
    surrogate: await surrogateOf(question, explained, seed),
    drift:
      later === null
        ? null
        : await inTurns(driftSteps(model, { rows, explained }, later), question.signal),
    cohorts: cohortsOf(question, explained),
  };
}

function cohortsOf(
  { model, cohorts, output = 0 }: GlobalQuestion,
  explained: ExplainedRows,
): readonly Cohort[] | null {
  if (cohorts === undefined) return null;
  const { cohortOf, approved } = cohorts;
  const { outputs, scores } = explained;
  const decided =
    typeof approved === 'function'
      ? cohortOf.map((_, row) => approved(scores.subarray(row * outputs, (row + 1) * outputs)))
      : approved;
  const { featureNames } = model;
  const question = { explained, featureNames, cohortOf, output };
  return compareCohorts({ ...question, ...(decided === undefined ? {} : { approved: decided }) });
}

function signalOf({ signal }: GlobalQuestion): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function permutationOf(
  question: GlobalQuestion,
  seed: number,
): Promise<PermutationImportance | null> {
  const { model, rows, target } = question;
  if (target === undefined) return null;
  const isOfClasses = target.scorer !== 'r2' && target.scorer !== 'meanSquaredError';
  return permutationImportance(
    sourceOf(model, isOfClasses ? 'probability' : 'margin'),
    model,
    rows,
    target.values,
    {
      scorer: target.scorer,
      seed,
      maxPredictions: 1e9,
      ...question.asking,
      ...signalOf(question),
      onProgress: ({ done, total }) => question.onProgress?.({ stage: 'permutation', done, total }),
    },
  );
}

type Curves = Pick<GlobalExplanation, 'partialDependence' | 'accumulatedEffects' | 'withoutCurve'>;

async function curvesOf(question: GlobalQuestion, seed: number): Promise<Curves> {
  const { model, rows, curves = true, output = 0, onProgress } = question;
  const partial: PartialDependence[] = [];
  const accumulated: AccumulatedEffects[] = [];
  const withoutCurve: string[] = [];
  const source = sourceOf(model);
  const drawn = curves ? drawnRows(rows, seed) : [];
  const total = model.featureNames.length;
  for (let feature = 0; curves && feature < total; feature++) {
    if (drawn.some((row) => Number.isFinite(row[feature]))) {
      const options = { output, maxPredictions: 1e9, ...question.asking, ...signalOf(question) };
      partial.push(
        await partialDependence(source, model, drawn, feature, {
          resolution: CURVE_POINTS,
          ...options,
        }),
      );
      accumulated.push(await accumulatedEffects(source, model, drawn, feature, options));
    } else withoutCurve.push(model.featureNames[feature] as string);
    onProgress?.({ stage: 'curves', done: feature + 1, total });
  }
  return { partialDependence: partial, accumulatedEffects: accumulated, withoutCurve };
}

function drawnRows(rows: readonly FeatureRow[], seed: number): readonly FeatureRow[] {
  if (rows.length <= CURVE_ROWS) return rows;
  const drawn = shuffle(places(rows.length), seededRandom(seed)).slice(0, CURVE_ROWS).sort();
  return Array.from(drawn, (row) => rows[row] as FeatureRow);
}

async function surrogateOf(
  { model, rows, surrogate, output = 0, signal }: GlobalQuestion,
  { scores }: ExplainedRows,
  seed: number,
): Promise<Surrogate | null> {
  if (surrogate === undefined || surrogate === null) return null;
  return inTurns(surrogateSteps(model, rows, scores, { ...surrogate, seed, output }), signal);
}

/** The scorer to take where nobody says: of probabilities the log loss, else R². @throws ExplainError EXPLAIN_OUTPUT */
export function defaultScorer(model: Model): Scorer {
  if (model.probabilityOf(new Array<number>(model.outputs).fill(0)) !== null) return 'logLoss';
  if (model.outputs === 1) return 'r2';
  throw new ExplainError('EXPLAIN_OUTPUT', {
    got: `${model.outputs} outputs that are no probabilities`,
    want: 'one output, or classes',
  });
}
