// XGBoost models and trees alone, for pages that count bytes: what `@showcause/explain` has besides is not loaded.
export { ExplainError } from './errors.ts';
export type { ExplainErrorCode } from './errors.ts';
export { loadXgboost } from './readers/xgboost/load.ts';
export type { LoadOptions, ModelLimits } from './readers/options.ts';
export type { Background } from './model/hash.ts';
export { rowOf } from './model/row.ts';
export type { FeatureRecord, FeatureValue } from './model/row.ts';
export type { FeatureRow, Prediction, TreeModel } from './model/tree-model.ts';
export { explanationArrays } from './batch/arrays.ts';
export type { ExplanationArrays } from './batch/arrays.ts';
export type { BatchExplanation, BatchOptions, BatchRows, Progress } from './batch/batch.ts';
export { treeExplainer } from './shapley/explainer.ts';
export type { ExplainerOptions } from './shapley/options.ts';
export type { EngineName } from './shapley/kernel.ts';
export type { Explainer, Explanation, Perturbation } from './shapley/explanation.ts';
