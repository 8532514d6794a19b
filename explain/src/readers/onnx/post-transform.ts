import { ExplainError } from '../../errors.ts';
import type { Objective } from '../../model/objective.ts';
import { expFloat32 } from '../../numeric/exp.ts';
import { sigmoid, softmax } from '../../numeric/links64.ts';

export type PostTransform = 'NONE' | 'LOGISTIC' | 'SOFTMAX';

const KNOWN: readonly PostTransform[] = ['NONE', 'LOGISTIC', 'SOFTMAX'];

/** @throws ExplainError MODEL_UNSUPPORTED for SOFTMAX_ZERO and PROBIT */
export function postTransformOf(name: string): PostTransform {
  const known = KNOWN.find((each) => each === name);
  if (known !== undefined) return known;
  throw new ExplainError('MODEL_UNSUPPORTED', {
    got: `post_transform ${JSON.stringify(name.slice(0, 40))}`,
    want: KNOWN.join(', '),
  });
}

/** What ONNX Runtime makes of the sums; of a classifier it calls the result probabilities whatever it is. */
export function objectiveFor(
  post: PostTransform,
  isClassifier: boolean,
  type: 'float32' | 'float64',
): Objective {
  const isSingle = type === 'float32';
  const respond = {
    NONE: (margin: readonly number[]) => [...margin],
    LOGISTIC: (margin: readonly number[]) => margin.map(isSingle ? logistic32 : (x) => sigmoid(x)),
    SOFTMAX: isSingle ? softmax32 : softmax,
  }[post];
  const link = {
    NONE: isClassifier ? 'probability' : 'identity',
    LOGISTIC: 'logit',
    SOFTMAX: 'softmax',
  } as const;
  return {
    name: post.toLowerCase(),
    link: link[post],
    response: respond,
    probability: isClassifier ? respond : () => null,
  };
}

/** `ComputeLogistic` of ONNX Runtime, in its float32 steps. */
function logistic32(x: number): number {
  const positive = Math.fround(1 / Math.fround(1 + expFloat32(-Math.abs(x))));
  return x < 0 ? Math.fround(1 - positive) : positive;
}

/** `ComputeSoftmax` of ONNX Runtime, in its float32 steps. */
function softmax32(margin: readonly number[]): number[] {
  const largest = Math.max(...margin);
  const terms = margin.map((x) => expFloat32(Math.fround(x - largest)));
  const total = terms.reduce((sum, term) => Math.fround(sum + term), 0);
  return terms.map((term) => Math.fround(term / total));
}

/** Behind it a Normalizer of norm L1: numbers that are not negative, divided by their sum. */
export function normalizedIf(isNormalized: boolean, objective: Objective): Objective {
  if (!isNormalized) return objective;
  const divided = (values: readonly number[]): number[] => {
    const total = values.reduce((sum, value) => sum + Math.abs(value), 0);
    return total === 0 ? [...values] : values.map((value) => value / total);
  };
  return {
    ...objective,
    response: (margin) => divided(objective.response(margin)),
    probability: (margin) => {
      const values = objective.probability(margin);
      return values === null ? null : divided(values);
    },
  };
}
