import type { ExplanationArrays } from '../batch/arrays.ts';
import { createExplainer } from '../batch/engine.ts';
import type { RowEngine } from '../batch/engine.ts';
import { ExplainError } from '../errors.ts';
import { requireTrees } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import { asBackground, backgroundFacts } from '../model/hash.ts';
import type { Background } from '../model/hash.ts';
import { castRow, castRowInto, sumLeavesInto } from '../model/tree-model.ts';
import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { interventionalKernel } from './blocks/kernel.ts';
import { outputSpaceOf } from './explanation.ts';
import type { Explainer, ExplanationFacts } from './explanation.ts';
import { BLOCK_ROWS } from './kernel.ts';
import type { AttributionKernel } from './kernel.ts';
import { checkedOptions } from './options.ts';
import type { ExplainerOptions } from './options.ts';
import { pathDependentKernel } from './path-dependent.ts';

const MAX_BACKGROUND = 100_000;

/**
 * Exact SHAP values of a tree model: as shap's `TreeExplainer(model, data=background, feature_perturbation=…)`,
 * always in margin space. Tables are built once, at most `maxTableBytes` (64 MiB by default) of them; what does not
 * fit is computed per call with the same result.
 *
 * @throws ExplainError EXPLAIN_METHOD (linear model, no game of trees), EXPLAIN_OPTION, EXPLAIN_BACKGROUND, EXPLAIN_COVERS (path-dependent on a model whose file has none), FEATURE_COUNT
 */
export function treeExplainer(given: Model, options: ExplainerOptions): Explainer {
  const model = requireTrees(given);
  const { maxTableBytes, engine } = checkedOptions(options);
  if (options.perturbation === 'tree-path-dependent' && model.coverSource === 'none')
    throw new ExplainError('EXPLAIN_COVERS', { got: `a ${model.format} model without them` });
  const kernel =
    options.perturbation === 'interventional'
      ? interventionalKernel(
          model,
          backgroundRows(model, options.background),
          maxTableBytes,
          engine,
        )
      : pathDependentKernel(model, maxTableBytes, engine);
  const facts = {
    method: options.perturbation,
    kernel: kernel.name,
    version: EXPLAIN_VERSION,
    modelHash: model.hash,
    outputSpace: outputSpaceOf(model),
    ...populationOf(model, options),
  };
  return createExplainer({
    facts,
    outputs: model.outputs,
    features: model.featureNames.length,
    baseValue: kernel.baseValue,
    tableBytes: kernel.tableBytes,
    probabilityOf: model.probabilityOf,
    responseOf: model.responseOf,
    ...treeRows(model, kernel),
  });
}

/** Most bytes of cast rows that wait for the kernel together. */
const CAST_BYTES = 1 << 20;

/** A row, and many rows block by block, as the kernel takes them. */
function treeRows(
  model: TreeModel,
  kernel: AttributionKernel,
): Pick<RowEngine, 'compute' | 'computeRange'> {
  const { outputs, featureNames } = model;
  const cells = outputs * featureNames.length;
  const most = Math.floor(CAST_BYTES / (8 * Math.max(featureNames.length, 1)));
  const block = Array.from(
    { length: Math.min(BLOCK_ROWS, Math.max(most, 1)) },
    () => new Float64Array(featureNames.length),
  );
  const one = block.slice(0, 1);
  const write = (row: FeatureRow, cast: Float64Array, out: ExplanationArrays, index: number) => {
    castRowInto(model, row, cast);
    sumLeavesInto(model, cast, out.margins, out.scores, index * outputs);
  };
  const compute: RowEngine['compute'] = (row, out, index) => {
    write(row, one[0] as Float64Array, out, index);
    kernel.attributeRows(one, out.attributions, index * cells);
  };
  const computeRange: RowEngine['computeRange'] = (source, out, from, to) => {
    for (let first = from; first < to; first += block.length) {
      const rows = block.slice(0, to - first);
      rows.forEach((cast, i) => {
        try {
          write(source.at(first + i), cast, out, first + i);
        } catch (cause) {
          throw cause instanceof ExplainError ? cause.inRow(first + i) : cause;
        }
      });
      kernel.attributeRows(rows, out.attributions, first * cells);
    }
  };
  return { compute, computeRange };
}

/** Who stands for the population: the covers of the file, rows that covers were counted from, or the background. */
function populationOf(
  model: TreeModel,
  options: ExplainerOptions,
): Pick<ExplanationFacts, 'coverSource' | 'background'> {
  return options.perturbation === 'interventional'
    ? { coverSource: 'none', background: backgroundFacts(options.background) }
    : { coverSource: model.coverSource, background: model.coverRows };
}

function backgroundRows(
  model: TreeModel,
  given: Background | readonly FeatureRow[],
): Float64Array[] {
  const background = asBackground(given).rows;
  if (background.length === 0 || background.length > MAX_BACKGROUND)
    throw new ExplainError('EXPLAIN_BACKGROUND', {
      got: `${background.length} rows`,
      want: `1 to ${MAX_BACKGROUND}`,
    });
  return background.map((row) => castRow(model, row));
}
