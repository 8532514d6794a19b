import { ExplainError } from '../errors.ts';
import type { LinearModel } from './linear-model.ts';
import type { TreeModel } from './tree-model.ts';

/** Whatever `loadModel` reads; `kind` tells which. */
export type Model = TreeModel | LinearModel;

/** @throws ExplainError EXPLAIN_METHOD for a linear model */
export function requireTrees(model: Model): TreeModel {
  if (model.kind === 'trees') return model;
  throw new ExplainError('EXPLAIN_METHOD', { got: 'a linear model', want: 'trees' });
}
