import { EXPLAIN_VERSION } from '../../version.ts';
import { ExplainError } from '../../errors.ts';
import { predictLimits, wholeOption } from '../options.ts';
import type { Predict, PredictOptions, RunOptions } from '../predict.ts';
import { asSource } from '../predict-of.ts';
import type { PredictSource } from '../predict-of.ts';
import { openSession } from '../session.ts';
import { checkedImage } from './image.ts';
import type { Image } from './image.ts';

export interface OcclusionOptions extends PredictOptions, RunOptions {
  /** side of the square that is hidden, in pixels */
  readonly patch: number;
  /** pixels from one square to the next, at most `patch`; `patch` by default */
  readonly stride?: number;
  /** what hides: one number for all channels, or one for each; 0 by default */
  readonly baseline?: number | readonly number[];
}

/** Where the prediction comes from. */
export interface Heatmap {
  readonly method: 'occlusion';
  readonly kernel: string;
  readonly version: string;
  readonly height: number;
  readonly width: number;
  /** the prediction for the whole image, one per output */
  readonly score: number[];
  /** [output][height × width]: mean fall of the prediction over the squares that hide a pixel */
  readonly heat: Float64Array[];
  readonly calls: number;
  readonly predictions: number;
}

/**
 * Occlusion (Zeiler and Fergus 2014): a square is moved over the image, and each of its places asks how far the prediction falls. The
 * predict function gets images as rows of height × width × channels numbers. Squares at the right and lower edge are cut off.
 *
 * @throws ExplainError EXPLAIN_IMAGE, EXPLAIN_OPTION, and the PREDICT_ codes
 */
export async function occlusion(
  given: Predict | PredictSource,
  image: Image,
  options: OcclusionOptions,
): Promise<Heatmap> {
  const { height, width, channels } = image;
  const data = checkedImage(image);
  const longest = Math.max(height, width);
  const patch = wholeOption('patch', options.patch, 1, longest);
  const stride = wholeOption('stride', options.stride ?? patch, 1, patch);
  const hidden = hidingValues(options.baseline ?? 0, channels);
  const down = starts(height, patch, stride);
  const across = starts(width, patch, stride);
  const session = openSession(asSource(given).predict, predictLimits(options), options);
  let score: number[] = [];
  let heat: Float64Array[] = [];
  const hits = new Uint32Array(height * width);
  const squareOf = (index: number) => {
    const top = down[Math.floor(index / across.length)] as number;
    const left = across[index % across.length] as number;
    return {
      top,
      left,
      bottom: Math.min(top + patch, height),
      right: Math.min(left + patch, width),
    };
  };
  const overPixels = (index: number, visit: (pixel: number) => void): void => {
    const { top, left, bottom, right } = squareOf(index);
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) visit(y * width + x);
  };
  await session.ask({
    rows: 1 + down.length * across.length,
    width: data.length,
    write: (asked, index) => {
      asked.set(data);
      if (index > 0) overPixels(index - 1, (pixel) => asked.set(hidden, pixel * channels));
    },
    read: ({ values, outputs }, first, count) => {
      for (let i = 0; i < count; i++) {
        const answers = Array.from(
          { length: outputs },
          (_, o) => values[i * outputs + o] as number,
        );
        if (first + i === 0) {
          score = answers;
          heat = answers.map(() => new Float64Array(height * width));
          continue;
        }
        overPixels(first + i - 1, (pixel) => {
          hits[pixel] = (hits[pixel] as number) + 1;
          heat.forEach((map, output) => {
            map[pixel] =
              (map[pixel] as number) + (score[output] as number) - (answers[output] as number);
          });
        });
      }
    },
  });
  return {
    method: 'occlusion',
    kernel: 'occlusion-1',
    version: EXPLAIN_VERSION,
    height,
    width,
    score,
    heat: heat.map((map) => map.map((sum, pixel) => sum / (hits[pixel] as number))),
    ...session.counts(),
  };
}

/** First pixels of the squares along one side: the last one reaches the edge. */
function starts(side: number, patch: number, stride: number): number[] {
  const many = Math.max(1, Math.ceil((side - patch) / stride) + 1);
  return Array.from({ length: many }, (_, i) => i * stride);
}

function hidingValues(baseline: number | readonly number[], channels: number): number[] {
  const values =
    typeof baseline === 'number' ? new Array<number>(channels).fill(baseline) : baseline;
  if (values.length !== channels || !values.every(Number.isFinite))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `a baseline of ${values.length} numbers`,
      want: `one finite number, or ${channels}`,
    });
  return [...values];
}
