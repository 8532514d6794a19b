import { ExplainError } from '../errors.ts';
import { requireTrees } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import { castRow } from '../model/tree-model.ts';
import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { assertAdditive } from './explanation.ts';
import type { Explainer, Explanation } from './explanation.ts';
import { DEFAULT_TABLE_BYTES } from './kernel.ts';
import type { AttributionKernel, EngineName } from './kernel.ts';
import { interventionalKernel } from './interventional.ts';
import { pathDependentKernel } from './path-dependent.ts';

export type ExplainerOptions =
  | {
      readonly perturbation: 'tree-path-dependent';
      readonly maxTableBytes?: number;
      /** `wasm` by default, which gives way to `typescript` where WebAssembly is refused */
      readonly engine?: EngineName;
    }
  | {
      readonly perturbation: 'interventional';
      /** reference rows, at least one; NaN is missing */
      readonly background: readonly FeatureRow[];
      readonly maxTableBytes?: number;
    };

const MAX_BACKGROUND = 100_000;

/**
 * Exact SHAP values of a tree model: as shap's `TreeExplainer(model, data=background, feature_perturbation=…)`,
 * always in margin space. Tables are built once, at most `maxTableBytes` (64 MiB by default) of them; what does not
 * fit is computed per call with the same result.
 *
 * @throws ExplainError EXPLAIN_METHOD (linear model), EXPLAIN_BACKGROUND, EXPLAIN_COVERS (path-dependent on a model whose file has none), FEATURE_COUNT
 */
export function treeExplainer(given: Model, options: ExplainerOptions): Explainer {
  const model = requireTrees(given);
  if (options.perturbation === 'tree-path-dependent' && model.coverSource === 'none')
    throw new ExplainError('EXPLAIN_COVERS', { got: `a ${model.format} model without them` });
  const maxTableBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
  const kernel =
    options.perturbation === 'interventional'
      ? interventionalKernel(model, backgroundRows(model, options.background), maxTableBytes)
      : pathDependentKernel(model, maxTableBytes, options.engine ?? 'wasm');
  const facts = {
    method: options.perturbation,
    kernel: kernel.name,
    version: EXPLAIN_VERSION,
    outputSpace: 'margin',
    coverSource: options.perturbation === 'interventional' ? 'none' : model.coverSource,
  } as const;
  return {
    ...facts,
    baseValue: Float64Array.from(kernel.baseValue),
    tableBytes: kernel.tableBytes,
    explain: (row) => explainRow(model, kernel, facts, row),
  };
}

type Facts = Pick<Explanation, 'method' | 'kernel' | 'version' | 'outputSpace' | 'coverSource'>;

function explainRow(
  model: TreeModel,
  kernel: AttributionKernel,
  facts: Facts,
  row: FeatureRow,
): Explanation {
  const prediction = model.predict(row);
  const attributions = Array.from(
    { length: model.outputs },
    () => new Float64Array(model.featureNames.length),
  );
  kernel.attribute(castRow(model, row), attributions);
  const baseValue = Array.from(kernel.baseValue);
  const additivityError = assertAdditive(baseValue, attributions, prediction.score);
  return { ...prediction, ...facts, baseValue, attributions, additivityError };
}

function backgroundRows(model: TreeModel, background: readonly FeatureRow[]): Float64Array[] {
  if (background.length === 0 || background.length > MAX_BACKGROUND)
    throw new ExplainError('EXPLAIN_BACKGROUND', {
      got: `${background.length} rows`,
      want: `1 to ${MAX_BACKGROUND}`,
    });
  return background.map((row) => castRow(model, row));
}
