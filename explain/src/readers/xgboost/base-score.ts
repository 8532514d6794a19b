import type { XgboostObjective } from './objective.ts';
import { kindOf, malformed } from '../document.ts';
import type { DocumentValue } from '../document.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const PATH = '$.learner.learner_model_param.base_score';

/**
 * Float32 margins that every output starts from. `base_score` is in output space and spelt `"5E-1"` up to XGBoost
 * 3.0, `"[5E-1]"` or `"[1E-1,2E-1]"` from 3.1 on; a bare number is understood too.
 */
export function baseMargins(
  value: DocumentValue | undefined,
  outputs: number,
  objective: XgboostObjective,
): Float64Array {
  const scores = scoresOf(value);
  if (scores.length !== 1 && scores.length !== outputs)
    throw malformed(PATH, `${scores.length} numbers`, outputs === 1 ? '1' : `1 or ${outputs}`);
  const margins = Float64Array.from({ length: outputs }, (_, output) => {
    const score = scores.length === 1 ? scores[0] : scores[output];
    return objective.baseMargin(Math.fround(score ?? NaN));
  });
  if (!margins.every((margin) => Number.isFinite(margin)))
    throw malformed(PATH, 'a number without a margin', `a score of ${objective.name}`);
  return margins;
}

function scoresOf(value: DocumentValue | undefined): readonly number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'string') throw malformed(PATH, kindOf(value), 'a number as text');
  const inner = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
  return inner.split(',').map((spelling) => {
    const text = spelling.trim();
    if (!NUMBER.test(text)) throw malformed(PATH, 'text that is no number', 'a number as text');
    return Number(text);
  });
}
