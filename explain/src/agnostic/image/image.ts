import { ExplainError } from '../../errors.ts';

/** An image as numbers: row by row, the channels of a pixel together. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [height × width × channels], finite */
  readonly data: ArrayLike<number>;
}

const MAX_NUMBERS = 2 ** 26;

/** @throws ExplainError EXPLAIN_IMAGE */
export function checkedImage({ height, width, channels, data }: Image): Float64Array {
  const wanted = height * width * channels;
  const isShape = [height, width, channels].every((size) => Number.isInteger(size) && size > 0);
  if (!isShape || wanted > MAX_NUMBERS || data.length !== wanted)
    throw new ExplainError('EXPLAIN_IMAGE', {
      got: `${data.length} numbers for ${height} × ${width} × ${channels}`,
      want: `as many, at most ${MAX_NUMBERS}`,
    });
  const numbers = Float64Array.from(data);
  if (!numbers.every(Number.isFinite))
    throw new ExplainError('EXPLAIN_IMAGE', { got: 'a number that is not finite' });
  return numbers;
}
