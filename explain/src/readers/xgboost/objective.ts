import { ExplainError } from '../../errors.ts';
import type { Objective } from '../../model/objective.ts';
import { expFloat32 } from '../../numeric/exp.ts';
import { logitFloat32, sigmoidFloat32, softmaxFloat32 } from '../../numeric/links.ts';
import { logFloat32 } from '../../numeric/log.ts';

/** What XGBoost does around the sum of trees for one objective. */
export interface XgboostObjective extends Objective {
  /** base_score, which the file holds in output space, as a float32 margin */
  baseMargin(baseScore: number): number;
}

const identity = (x: number): number => x;
const none = (): null => null;
const each = (f: (x: number) => number) => (margin: readonly number[]) => margin.map((x) => f(x));

const LOWEST = Math.fround(1e-6);
const HIGHEST = Math.fround(1 - LOWEST);
const clampedLogit = (p: number): number => logitFloat32(Math.min(Math.max(p, LOWEST), HIGHEST));

type Family = Omit<XgboostObjective, 'name'>;

const plain: Family = {
  link: 'identity',
  baseMargin: identity,
  response: each(identity),
  probability: none,
};
const logistic: Family = {
  link: 'logit',
  baseMargin: clampedLogit,
  response: each(sigmoidFloat32),
  probability: each(sigmoidFloat32),
};
const exponential: Family = {
  link: 'log',
  baseMargin: logFloat32,
  response: each(expFloat32),
  probability: none,
};
const softmax: Family = {
  link: 'softmax',
  baseMargin: identity,
  response: softmaxFloat32,
  probability: softmaxFloat32,
};

const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['binary:logistic', logistic],
  ['reg:logistic', logistic],
  ['binary:logitraw', { ...logistic, baseMargin: identity, response: each(identity) }],
  ['binary:hinge', { ...plain, response: each((x) => (x > 0 ? 1 : 0)) }],
  ['multi:softprob', softmax],
  ['multi:softmax', softmax],
  ['count:poisson', exponential],
  ['reg:gamma', exponential],
  ['reg:tweedie', exponential],
  ['survival:cox', exponential],
  ['survival:aft', exponential],
  ['reg:squarederror', plain],
  ['reg:linear', plain],
  ['reg:squaredlogerror', plain],
  ['reg:pseudohubererror', plain],
  ['reg:absoluteerror', plain],
  ['reg:quantileerror', plain],
  ['rank:pairwise', plain],
  ['rank:ndcg', plain],
  ['rank:map', plain],
]);

/** MODEL_UNSUPPORTED for objectives whose link is not known. */
export function objectiveOf(name: string): XgboostObjective {
  const family = FAMILIES.get(name);
  if (family === undefined)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'an objective not in the list',
      want: [...FAMILIES.keys()].join(', '),
    });
  return { name, ...family };
}
