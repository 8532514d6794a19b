import type { LinearModel } from '../model/linear-model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import type { Moves } from './moves.ts';

/** The change of the score, summed over the moves. */
export function linearChange(
  model: LinearModel,
  row: FeatureRow,
  output: number,
  { features, columns, count }: Moves,
): number {
  const weights = model.coefficients[output];
  let change = 0;
  for (let move = 0; move < count; move++)
    features.forEach((feature, i) => {
      change += (weights?.[feature] ?? NaN) * ((columns[i]?.[move] ?? NaN) - (row[feature] ?? NaN));
    });
  return change;
}
