import { ExplainError } from '../../errors.ts';
import type { Objective } from '../../model/objective.ts';
import { expFloat64 } from '../../numeric/exp64.ts';
import { sigmoid, softmax, softplus } from '../../numeric/links64.ts';

type Family = Omit<Objective, 'name'>;

const identity = (x: number): number => x;
const none = (): null => null;
const each = (f: (x: number) => number) => (margin: readonly number[]) => margin.map((x) => f(x));

const plain: Family = { link: 'identity', response: each(identity), probability: none };
const exponential: Family = { link: 'log', response: each(expFloat64), probability: none };
const several: Family = { link: 'softmax', response: softmax, probability: softmax };

function logistic(k: number): Family {
  const respond = each((x) => sigmoid(x, k));
  return { link: 'logit', response: respond, probability: respond };
}

/** `regression sqrt` is trained on signed square roots. */
const squared: Family = { ...plain, response: each((x) => Math.sign(x) * x * x) };
/** The intensity of `cross_entropy_lambda`; it is no probability. */
const intensity: Family = { ...plain, response: each(softplus) };

const PLAIN = ['regression', 'regression_l1', 'huber', 'fair', 'quantile', 'mape'] as const;
const RANKS = ['lambdarank', 'rank_xendcg'] as const;

const FAMILIES: ReadonlyMap<string, (words: ObjectiveWords) => Family> = new Map([
  ['binary', ({ k }) => logistic(k)],
  ['multiclassova', ({ k }) => logistic(k)],
  ['multiclass', () => several],
  ['cross_entropy', () => logistic(1)],
  ['cross_entropy_lambda', () => intensity],
  ['poisson', () => exponential],
  ['gamma', () => exponential],
  ['tweedie', () => exponential],
  ...[...PLAIN, ...RANKS].map(
    (name) => [name, ({ isSquared }: ObjectiveWords) => (isSquared ? squared : plain)] as const,
  ),
]);

interface ObjectiveWords {
  /** factor inside the logistic function */
  readonly k: number;
  readonly isSquared: boolean;
}

/** The `objective=` line: a name and words such as `sigmoid:1`, `num_class:3`, `sqrt`. MODEL_UNSUPPORTED for others. */
export function objectiveOf(line: string): Objective {
  const [name = '', ...words] = line.split(' ');
  const family = FAMILIES.get(name);
  if (family === undefined)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'an objective not in the list',
      want: [...FAMILIES.keys()].join(', '),
    });
  const sigmoidWord = words.find((word) => word.startsWith('sigmoid:'));
  const k = sigmoidWord === undefined ? 1 : Number(sigmoidWord.slice('sigmoid:'.length));
  if (!(k > 0 && k < Infinity))
    throw new ExplainError('MODEL_MALFORMED', {
      got: 'an unusable sigmoid',
      want: 'a number above 0',
    });
  return { name, ...family({ k, isSquared: words.includes('sqrt') }) };
}
