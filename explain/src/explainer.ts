import { ExplainError } from './errors.ts';
import { linearExplainer } from './linear/explainer.ts';
import type { Background } from './model/hash.ts';
import { said } from './kinds.ts';
import { assertModel } from './model/model.ts';
import type { Model } from './model/model.ts';
import type { FeatureRow } from './model/tree-model.ts';
import { treeExplainer } from './shapley/explainer.ts';
import { assertExplainerOptions } from './shapley/options.ts';
import type { EngineName } from './shapley/kernel.ts';
import type { Explainer, Perturbation } from './shapley/explanation.ts';

export interface AnyExplainerOptions {
  readonly perturbation: Perturbation;
  /** reference rows; none for `tree-path-dependent` */
  readonly background?: Background | readonly FeatureRow[];
  /** of trees: bytes, 64 MiB by default, 1 GiB at most */
  readonly maxTableBytes?: number;
  /** of trees: `wasm` by default, which gives way to `typescript` where WebAssembly is refused */
  readonly engine?: EngineName;
}

/**
 * The exact explainer of whatever `loadModel` read, as shap's `Explainer(model, masker)` picks one.
 *
 * @throws ExplainError EXPLAIN_METHOD when the model has no such game, and what `treeExplainer` and `linearExplainer` throw
 */
export function explainerOf(model: Model, options: AnyExplainerOptions): Explainer {
  assertModel(model);
  assertExplainerOptions(options);
  const { perturbation, background = [], engine, maxTableBytes } = options;
  if (model.kind === 'linear') {
    if (perturbation === 'tree-path-dependent') throw wrongGame('a linear model', perturbation);
    return linearExplainer(model, { perturbation, background });
  }
  if (perturbation === 'correlation-dependent') throw wrongGame('trees', perturbation);
  const kernel = {
    ...(engine === undefined ? {} : { engine }),
    ...(maxTableBytes === undefined ? {} : { maxTableBytes }),
  };
  return treeExplainer(
    model,
    perturbation === 'interventional'
      ? { ...kernel, perturbation, background }
      : { ...kernel, perturbation },
  );
}

function wrongGame(what: string, perturbation: Perturbation): ExplainError {
  return new ExplainError('EXPLAIN_METHOD', { got: `${said(perturbation)} for ${what}` });
}
