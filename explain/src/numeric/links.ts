import { expFloat32 } from './exp.ts';
import { logFloat32 } from './log.ts';

/** 1 / (1 + e^-x) in the float32 steps of XGBoost's `common::Sigmoid`. */
export function sigmoidFloat32(x: number): number {
  const capped = Math.min(-x, Math.fround(88.7));
  return Math.fround(1 / Math.fround(expFloat32(capped) + 1));
}

/** -ln(1/p - 1) in the float32 steps of XGBoost's `LogisticRegression::ProbToMargin`. */
export function logitFloat32(p: number): number {
  return -logFloat32(Math.fround(Math.fround(1 / p) - 1));
}

/** Softmax in the steps of XGBoost's `common::Softmax`: float32 terms, their sum in double. */
export function softmaxFloat32(margins: readonly number[]): number[] {
  const largest = Math.max(...margins);
  const terms = margins.map((margin) => expFloat32(Math.fround(margin - largest)));
  const total = Math.fround(terms.reduce((sum, term) => sum + term, 0));
  return terms.map((term) => Math.fround(term / total));
}
