import { ExplainError } from '../../errors.ts';
import type { Objective } from '../../model/objective.ts';
import { expFloat64 } from '../../numeric/exp64.ts';
import { sigmoid, softmax } from '../../numeric/links64.ts';
import type { DocumentReader } from '../document.ts';

type Family = Omit<Objective, 'name'>;

const each = (f: (x: number) => number) => (margin: readonly number[]) => margin.map((x) => f(x));
const logisticEach = each((x) => sigmoid(x));

const plain: Family = {
  link: 'identity',
  response: (margin) => [...margin],
  probability: () => null,
};
const logistic: Family = { link: 'logit', response: logisticEach, probability: logisticEach };
const several: Family = { link: 'softmax', response: softmax, probability: softmax };
const exponential: Family = { link: 'log', response: each(expFloat64), probability: () => null };

const PLAIN = [
  'RMSE',
  'MAE',
  'Quantile',
  'MAPE',
  'Huber',
  'Expectile',
  'Lq',
  'LogLinQuantile',
  'QueryRMSE',
  'PairLogit',
  'PairLogitPairwise',
  'YetiRank',
  'YetiRankPairwise',
  'StochasticRank',
  'LambdaMart',
] as const;

const FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['Logloss', logistic],
  ['CrossEntropy', logistic],
  ['MultiClass', several],
  ['MultiClassOneVsAll', logistic],
  ['Poisson', exponential],
  ['Tweedie', exponential],
  ...PLAIN.map((name) => [name, plain] as const),
]);

/** The loss in `model_info.params.loss_function`. MODEL_UNSUPPORTED for those whose link is not known. */
export function objectiveOf(root: DocumentReader): Objective {
  const loss = root.object('model_info').object('params').object('loss_function').string('type');
  const family = FAMILIES.get(loss);
  if (family === undefined)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'a loss function not in the list',
      want: [...FAMILIES.keys()].join(', '),
    });
  return { name: loss, ...family };
}
