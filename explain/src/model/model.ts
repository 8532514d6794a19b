import { ExplainError } from '../errors.ts';
import { isObject, wrongKind } from '../kinds.ts';
import type { LinearModel } from './linear-model.ts';
import type { TreeModel } from './tree-model.ts';

/** Whatever `loadModel` reads; `kind` tells which. */
export type Model = TreeModel | LinearModel;

/** @throws ExplainError EXPLAIN_ARGUMENT for what is no model at all */
export function assertModel(model: unknown): asserts model is Model {
  if (
    !isObject(model) ||
    (model.kind !== 'trees' && model.kind !== 'linear') ||
    !Array.isArray(model.featureNames) ||
    typeof model.predict !== 'function'
  )
    throw wrongKind('model', model, 'what loadModel gives');
}

/** @throws ExplainError EXPLAIN_METHOD for a linear model, EXPLAIN_ARGUMENT */
export function requireTrees(model: Model): TreeModel {
  assertModel(model);
  if (model.kind === 'trees') return model;
  throw new ExplainError('EXPLAIN_METHOD', { got: 'a linear model', want: 'trees' });
}
