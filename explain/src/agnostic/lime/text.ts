import { seededRandom, below } from '../../numeric/random.ts';
import { positiveOption, predictLimits, seedOption, wholeOption, wholeOrNull } from '../options.ts';
import type { Predict, PredictCall, Predicted, PredictOptions, RunOptions } from '../predict.ts';
import { openSession } from '../session.ts';
import type { Session } from '../session.ts';
import { limeFacts } from './explanation.ts';
import type { LimeExplanation } from './explanation.ts';
import type { Neighbourhood } from './ridge.ts';
import { repeatedFit, stabilityPlan } from './stability.ts';
import type { StabilityOptions } from './stability.ts';
import { keepTargets, targetsOf } from './targets.ts';
import { limeWeight } from './weights.ts';
import { wordsOf, withoutWords } from './words.ts';
import type { Words } from './words.ts';

/** Any model of texts, as `Predict` for rows. */
export type PredictTexts = (
  texts: readonly string[],
  call: PredictCall,
) => Predicted | PromiseLike<Predicted>;

export interface LimeTextOptions extends PredictOptions, RunOptions, StabilityOptions {
  /** a word is the same wherever it stands, and is taken out everywhere at once; true by default */
  readonly bagOfWords?: boolean;
  /** what stands for a word that is out where places count: `UNKWORDZ` by default; a bag leaves nothing */
  readonly mask?: string;
  /** 25 by default, for distances of 0 to 100 */
  readonly kernelWidth?: number;
  /** texts of a neighbourhood, the explained one among them: 5,000 by default */
  readonly samples?: number;
  /** most words in the linear model; all by default */
  readonly most?: number;
  readonly seed?: number;
}

/** Coefficients are by word: `words[i]` has coefficient `coefficients[output][i]`. */
export interface LimeTextExplanation extends LimeExplanation {
  readonly words: Words['words'];
}

/**
 * LIME for texts (Ribeiro et al. 2016), as lime's `LimeTextExplainer`: words are runs of letters, digits and underscores of any script
 * (Python's `\W+` between them); each neighbour leaves a random number of random words out; distance is 100 times the cosine's.
 *
 * @throws ExplainError EXPLAIN_TEXT (no word, too many), EXPLAIN_OPTION, and the PREDICT_ codes
 */
export async function limeText(
  predict: PredictTexts,
  text: string,
  options: LimeTextOptions = {},
): Promise<LimeTextExplanation> {
  const { bagOfWords = true, mask = 'UNKWORDZ', signal, onProgress } = options;
  const words = wordsOf(text, bagOfWords);
  const settings = {
    seed: seedOption(options.seed),
    samples: wholeOption('samples', options.samples ?? 5000, 2, 1_000_000),
    most: wholeOrNull('most', options.most, 1, 100_000),
    kernelWidth: positiveOption('kernelWidth', options.kernelWidth ?? 25),
    ...stabilityPlan(options),
  };
  const ofRows: Predict = (rows, call) =>
    predict(
      rows.map((row) => withoutWords(words, row, bagOfWords ? '' : mask)),
      call,
    );
  const run = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  const session = openSession(ofRows, predictLimits(options), run);
  const draw = (seed: number): Promise<Neighbourhood> =>
    neighbourhoodOf(session, words.words.length, { ...settings, seed });
  const { fit, near, stability } = await repeatedFit(draw, settings);
  const source = { predict: ofRows, modelHash: null, outputSpace: 'prediction' } as const;
  return {
    ...fit,
    words: words.words,
    score: near.targets.map((targets) => targets[0] as number),
    stability,
    ...limeFacts('lime-text-1', source, settings, null),
    ...session.counts(),
  };
}

/** Rows of ones for words that stay and zeros for those that are out. */
async function neighbourhoodOf(
  session: Session,
  words: number,
  { seed, samples, kernelWidth }: { seed: number; samples: number; kernelWidth: number },
): Promise<Neighbourhood> {
  const random = seededRandom(seed);
  const data = new Float64Array(samples * words).fill(1);
  const weights = new Float64Array(samples);
  const order = Uint32Array.from({ length: words }, (_, word) => word);
  let targets: Float64Array[] = [];
  await session.ask({
    rows: samples,
    width: words,
    write: (asked, index) => {
      const out = index === 0 ? 0 : 1 + below(random, words);
      for (let i = 0; i < out; i++) {
        const other = i + below(random, words - i);
        const word = order[other] as number;
        order[other] = order[i] as number;
        order[i] = word;
        data[index * words + word] = 0;
      }
      asked.set(data.subarray(index * words, (index + 1) * words));
      const cosine = Math.sqrt((words - out) / words);
      weights[index] = limeWeight(100 * (1 - cosine), kernelWidth);
    },
    read: (answers, first, count) => {
      if (first === 0) targets = targetsOf(answers, samples);
      keepTargets(targets, answers, first, count);
    },
  });
  return { rows: samples, features: words, data, weights, targets };
}
