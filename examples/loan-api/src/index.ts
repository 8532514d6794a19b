export { createLoanApi } from './app.ts';
export type { LoanApiOptions } from './app.ts';
export type { AnsweredReason, LoanAnswer } from './answer.ts';
export { answers, codeOf } from './application/answers.ts';
export type { Answer, Question } from './application/answers.ts';
export { applicationSchema, parseApplication } from './application/application.ts';
export type { Application, Fault } from './application/application.ts';
export {
  featureNames,
  missingAnswers,
  protectedAttributes,
  toFeatures,
} from './application/features.ts';
export type { FeatureName, Features } from './application/features.ts';
export { decide } from './decision/decide.ts';
export type { Overrides, Score } from './decision/decide.ts';
export { lendingPolicy, limits, thresholds } from './decision/policy.ts';
export type { Decision, FiredRule, Terms, Verdict } from './decision/policy.ts';
export { contact, loadLoanModel, loadReasons, loanDeployment } from './deployment.ts';
export { modelVersion } from './model-version.ts';
export { loanApiErrorCodes } from './errors.ts';
export type { LoanApiErrorCode } from './errors.ts';
