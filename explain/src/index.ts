export { ExplainError, explainErrorCodes } from './errors.ts';
export type { ExplainErrorCode, ExplainErrorFacts } from './errors.ts';
export { EXPLAIN_VERSION } from './version.ts';
export { loadModel } from './readers/load-model.ts';
export { loadXgboost } from './readers/xgboost/load.ts';
export { defaultModelLimits } from './readers/options.ts';
export type { LoadOptions, ModelLimits } from './readers/options.ts';
export type { LinearModel } from './model/linear-model.ts';
export { withCovers } from './model/covers.ts';
export { requireTrees } from './model/model.ts';
export type { Model } from './model/model.ts';
export type {
  BackgroundFacts,
  CoverSource,
  FeatureRow,
  FeatureType,
  Link,
  ModelFormat,
  Prediction,
  TreeModel,
} from './model/tree-model.ts';
export type { Tree } from './model/tree.ts';
export { checkHeader, csvRecord } from './model/csv-record.ts';
export { rowOf } from './model/row.ts';
export type { FeatureRecord, FeatureValue, RowShape } from './model/row.ts';
export type { Background } from './model/hash.ts';
export { explanationArrays } from './batch/arrays.ts';
export { explanationAt } from './batch/explanation-at.ts';
export type { ExplanationArrays } from './batch/arrays.ts';
export type { BatchExplanation, BatchOptions, BatchRows, Progress } from './batch/batch.ts';
export { explainerOf } from './explainer.ts';
export type { AnyExplainerOptions } from './explainer.ts';
export { treeExplainer } from './shapley/explainer.ts';
export type { ExplainerOptions } from './shapley/options.ts';
export type { EngineName } from './shapley/kernel.ts';
export { linearExplainer } from './linear/explainer.ts';
export type { LinearExplainerOptions } from './linear/explainer.ts';
export { ADDITIVITY_BOUND, assertAdditive, explanationFacts } from './shapley/explanation.ts';
export { explanationJson } from './shapley/explanation-json.ts';
export type { ExplanationJson } from './shapley/explanation-json.ts';
export type {
  Explainer,
  Explanation,
  ExplanationFacts,
  OutputSpace,
  Perturbation,
} from './shapley/explanation.ts';
export { treeInteractions } from './interactions/explainer.ts';
export type { InteractionExplainer, InteractionExplanation } from './interactions/explainer.ts';
export { enumerateShapley, shapleyValues, MAX_ENUMERATED } from './shapley/enumerate.ts';
export type { Enumeration, Game } from './shapley/enumerate.ts';
export { assertList, parseReasonRegistry } from './reasons/registry.ts';
export type {
  Changeable,
  FeatureWords,
  ReasonDefinition,
  ReasonDirection,
  ReasonList,
  ReasonRegistry,
  ReasonTexts,
  Translation,
} from './reasons/registry.ts';
export type { Unit, UnitJson } from './reasons/units.ts';
export { registryJson } from './reasons/json.ts';
export { inLanguage, languagesOf } from './reasons/translations.ts';
export { bindReasons } from './reasons/bind.ts';
export type { ReasonBinding } from './reasons/bind.ts';
export { checkRegistry } from './reasons/lint.ts';
export type { RegistryChecks } from './reasons/lint.ts';
export { approves, assertApproved } from './reasons/approved.ts';
export type { Approval } from './reasons/approved.ts';
export { principalReasons } from './reasons/principal.ts';
export type { PrincipalReasons, ReasonGroup, ReasonQuestion } from './reasons/principal.ts';
export { keyFactors } from './reasons/key-factors.ts';
export type { KeyFactorQuestion, KeyFactors } from './reasons/key-factors.ts';
export { assertReasonMethod } from './reasons/groups.ts';
export type { Dropped } from './reasons/groups.ts';
export type { FiredRule, Reason, RuleValue, SaidReason } from './reasons/said.ts';
export { dateWord, numberWord } from './reasons/numbers.ts';
export { unitWord } from './reasons/units.ts';
export { missingWord } from './reasons/text.ts';
export { expFloat32 } from './numeric/exp.ts';
export { logFloat32 } from './numeric/log.ts';
export {
  changedRow,
  counterfactualSearch,
  sampledCounterfactualSearch,
} from './counterfactual/search.ts';
export type { AnyModel, CounterfactualSearch } from './counterfactual/search.ts';
export type { CheckedGoal, Goal } from './counterfactual/goal.ts';
export { defaultSearch, parseMutableFeatures } from './counterfactual/mutable.ts';
export type {
  CausalConstraint,
  Movable,
  MutableFeature,
  MutableFeatures,
  Required,
  SearchBounds,
} from './counterfactual/mutable.ts';
export type {
  Change,
  Counterfactual,
  Counterfactuals,
  SearchAccount,
  SearchedFeature,
} from './counterfactual/result.ts';
export {
  counterfactualSentence,
  counterfactualValue,
  searchBoundsWords,
  stepWords,
} from './counterfactual/words.ts';
export type { CounterfactualWords } from './counterfactual/words.ts';
export { numericFeatures } from './global/features.ts';
export type { FeatureFacts } from './global/features.ts';
export { meanAbsoluteAttributions } from './global/mean-absolute.ts';
export type { FeatureGroups, Importance } from './global/mean-absolute.ts';
export { shapDependence } from './global/dependence.ts';
export type { Dependence } from './global/dependence.ts';
export { driftReport } from './global/drift.ts';
export type { Drift, DriftOptions, DriftReport, ExplainedSet } from './global/drift.ts';
export type { Cell } from './global/cells.ts';
export type { KolmogorovSmirnov } from './global/kolmogorov.ts';
export { cohortWhere, compareCohorts } from './global/cohorts.ts';
export type { Cohort, CohortQuestion } from './global/cohorts.ts';
export type { Estimate, Interval } from './global/intervals.ts';
export { surrogateTree } from './global/tree/surrogate.ts';
export type { Surrogate, SurrogateOptions } from './global/tree/surrogate.ts';
export type { Fidelity } from './global/tree/fidelity.ts';
export { treeRules } from './global/tree/rules.ts';
export type { Condition, Rule } from './global/tree/rules.ts';
export { plainName, ruleWords } from './global/tree/rule-words.ts';
export { predictOf } from './agnostic/predict-of.ts';
export type { PredictSource } from './agnostic/predict-of.ts';
export type {
  Predict,
  PredictCall,
  Predicted,
  PredictOptions,
  PredictProgress,
  RunOptions,
} from './agnostic/predict.ts';
export type { SampledExplainer, SampledExplanation, SampledFacts } from './agnostic/explanation.ts';
export type { SampledExplainerOptions } from './agnostic/explainer.ts';
export { kernelExplainer } from './agnostic/kernel/explainer.ts';
export type { KernelExplainerOptions } from './agnostic/kernel/explainer.ts';
export { permutationExplainer } from './agnostic/permutation.ts';
export type { PermutationExplainerOptions } from './agnostic/permutation.ts';
export { attributionsOf, batchOf } from './agnostic/batch.ts';
export type { AgnosticExplainer, AgnosticExplanation } from './agnostic/batch.ts';
export type {
  AttributionFacts,
  ExplainedRows,
  RowAttributions,
  RowsExplainer,
} from './agnostic/attributions.ts';
export { predictedModel } from './global/subject.ts';
export type { PredictedModel, Subject } from './global/subject.ts';
export { samplingExplainer } from './agnostic/sampling.ts';
export type { SamplingExplainerOptions } from './agnostic/sampling.ts';
export { partitionExplainer } from './agnostic/owen/explainer.ts';
export type { PartitionExplainerOptions } from './agnostic/owen/explainer.ts';
export { hierarchyOfClustering, hierarchyOfGroups } from './agnostic/owen/hierarchy.ts';
export type { Hierarchy } from './agnostic/owen/hierarchy.ts';
export { limeTabular } from './agnostic/lime/tabular.ts';
export type {
  LimeTabularExplainer,
  LimeTabularExplanation,
  LimeTabularOptions,
} from './agnostic/lime/tabular.ts';
export type { LimeCondition, Discretizer } from './agnostic/lime/columns.ts';
export type { LimeExplanation, LimeFacts } from './agnostic/lime/explanation.ts';
export type { Stability, StabilityOptions } from './agnostic/lime/stability.ts';
export { limeText } from './agnostic/lime/text.ts';
export type { LimeTextExplanation, LimeTextOptions, PredictTexts } from './agnostic/lime/text.ts';
export { occlusion } from './agnostic/image/occlusion.ts';
export type { Heatmap, OcclusionOptions } from './agnostic/image/occlusion.ts';
export type { Image } from './agnostic/image/image.ts';
export { integratedGradients, saliency } from './agnostic/gradients.ts';
export type {
  Gradient,
  GradientExplanation,
  IntegratedGradientsOptions,
} from './agnostic/gradients.ts';
export { permutationImportance } from './global/permutation.ts';
export type { PermutationImportance, PermutationOptions } from './global/permutation.ts';
export { SCORERS } from './global/scorers.ts';
export type { Scorer } from './global/scorers.ts';
export { partialDependence } from './global/partial-dependence.ts';
export type { PartialDependence, PartialDependenceOptions } from './global/partial-dependence.ts';
export type { CurveSummary } from './global/curve.ts';
export { accumulatedEffects } from './global/accumulated-effects.ts';
export type { AccumulatedEffects, AccumulatedOptions } from './global/accumulated-effects.ts';
export { defaultScorer, explainGlobally } from './global/overview.ts';
export type { GlobalExplanation, GlobalProgress, GlobalQuestion } from './global/overview.ts';
export { globalJson } from './global/json.ts';
export type { GlobalJson } from './global/json.ts';
export { scoreAt } from './global/threshold.ts';
export { modelCard } from './global/card/card.ts';
export type { ModelCard } from './global/card/card.ts';
export { modelCardMarkdown } from './global/card/markdown.ts';
export { parseStated } from './global/card/stated.ts';
export type { Stated, StatedField } from './global/card/stated.ts';
