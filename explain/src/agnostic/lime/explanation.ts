import type { BackgroundFacts } from '../../model/tree-model.ts';
import { EXPLAIN_VERSION } from '../../version.ts';
import type { SampledFacts } from '../explanation.ts';
import type { PredictSource } from '../predict-of.ts';
import type { LocalFit } from './local-fit.ts';
import type { Stability } from './stability.ts';

/** What anybody needs to compute the same numbers again. */
export interface LimeFacts extends Omit<SampledFacts, 'method' | 'coverSource' | 'background'> {
  readonly method: 'lime';
  /** null for texts */
  readonly background: BackgroundFacts | null;
  readonly samples: number;
  readonly kernelWidth: number;
}

/**
 * A linear model around one row or text. Its coefficients are no Shapley values: they do not add up to the score, and
 * hold as far as `localFidelity` and `stability` say.
 */
export interface LimeExplanation extends LimeFacts, LocalFit {
  /** the prediction, one per output */
  readonly score: number[];
  /** null where `repeats` is 1 */
  readonly stability: Stability | null;
  readonly calls: number;
  readonly predictions: number;
}

export function limeFacts(
  kernel: string,
  { modelHash, outputSpace }: PredictSource,
  { seed, samples, kernelWidth }: Pick<LimeFacts, 'seed' | 'samples' | 'kernelWidth'>,
  background: BackgroundFacts | null,
): LimeFacts {
  return {
    method: 'lime',
    kernel,
    version: EXPLAIN_VERSION,
    modelHash,
    outputSpace,
    background,
    seed,
    samples,
    kernelWidth,
  };
}
