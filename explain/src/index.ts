export { ExplainError, explainErrorCodes } from './errors.ts';
export type { ExplainErrorCode, ExplainErrorFacts } from './errors.ts';
export { EXPLAIN_VERSION } from './version.ts';
export { loadModel, defaultModelLimits } from './readers/load-model.ts';
export type { LoadOptions, ModelLimits } from './readers/load-model.ts';
export type { FeatureRow, FeatureType, Link, Prediction, TreeModel } from './model/tree-model.ts';
export type { Tree } from './model/tree.ts';
export { rowOf } from './model/row.ts';
export type { FeatureRecord, FeatureValue } from './model/row.ts';
export { treeExplainer } from './shapley/explainer.ts';
export type { ExplainerOptions, TreeExplainer } from './shapley/explainer.ts';
export { ADDITIVITY_BOUND, assertAdditive } from './shapley/explanation.ts';
export type { Explanation, Perturbation } from './shapley/explanation.ts';
export { enumerateShapley, shapleyValues, MAX_ENUMERATED } from './shapley/enumerate.ts';
export type { Enumeration, Game } from './shapley/enumerate.ts';
export { parseReasonRegistry } from './reasons/registry.ts';
export type {
  Changeable,
  ReasonDefinition,
  ReasonDirection,
  ReasonRegistry,
} from './reasons/registry.ts';
export { checkRegistry } from './reasons/lint.ts';
export type { RegistryChecks } from './reasons/lint.ts';
export { principalReasons } from './reasons/principal.ts';
export type {
  Dropped,
  FiredRule,
  PrincipalReasons,
  Reason,
  ReasonGroup,
  ReasonQuestion,
} from './reasons/principal.ts';
export { expFloat32 } from './numeric/exp.ts';
export { logFloat32 } from './numeric/log.ts';
