import type { Model } from '../model/model.ts';
import { log1pFloat64, logFloat64 } from '../numeric/log64.ts';

/**
 * The score of a model of one output at which `approves` turns: a probability where the model has one, put back through
 * its link.
 */
export function scoreAt(model: Model, threshold: number): number {
  if (model.link !== 'logit') return threshold;
  if (threshold <= 0) return -Infinity;
  return threshold >= 1 ? Infinity : logFloat64(threshold) - log1pFloat64(-threshold);
}
