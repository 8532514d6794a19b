import { ExplainError } from '../errors.ts';

/** What one call of a predict function said, row-major [rows × outputs]. */
export interface Answers {
  readonly outputs: number;
  readonly values: ArrayLike<number>;
}

const MAX_OUTPUTS = 1000;

/**
 * The answer of a predict function to `rows` rows, checked number by number.
 *
 * @param outputs of the calls before; null for the first
 * @throws ExplainError PREDICT_KIND, PREDICT_COUNT, PREDICT_OUTPUTS, PREDICT_VALUE
 */
export function checkedAnswers(answer: unknown, rows: number, outputs: number | null): Answers {
  const list = asList(answer, 'the answer');
  if (list.length !== rows)
    throw new ExplainError('PREDICT_COUNT', { got: `${list.length} answers`, want: `${rows}` });
  const isNested = rows > 0 && typeof list[0] !== 'number';
  const found = isNested ? asList(list[0], 'the answer to a row').length : 1;
  if (found < 1 || found > MAX_OUTPUTS || (outputs !== null && found !== outputs))
    throw wrongOutputs(found, outputs);
  return { outputs: found, values: isNested ? flattened(list, found) : checkedNumbers(list) };
}

function flattened(list: ArrayLike<unknown>, outputs: number): Float64Array {
  const values = new Float64Array(list.length * outputs);
  for (let row = 0; row < list.length; row++) {
    const numbers = asList(list[row], 'the answer to a row');
    if (numbers.length !== outputs) throw wrongOutputs(numbers.length, outputs);
    for (let output = 0; output < outputs; output++)
      values[row * outputs + output] = finite(numbers[output], row);
  }
  return values;
}

function checkedNumbers(list: ArrayLike<unknown>): ArrayLike<number> {
  if (list instanceof Float64Array) {
    // Numbers they are: of NaN and the infinities alone the difference from themselves is not 0.
    for (let row = 0; row < list.length; row++)
      if ((list[row] as number) - (list[row] as number) !== 0) finite(list[row], row);
    return list;
  }
  for (let row = 0; row < list.length; row++) finite(list[row], row);
  return list as ArrayLike<number>;
}

function finite(value: unknown, row: number): number {
  if (typeof value !== 'number')
    throw new ExplainError('PREDICT_KIND', { got: kindOf(value), want: 'a number' });
  if (!Number.isFinite(value))
    throw new ExplainError('PREDICT_VALUE', {
      got: `${value} for row ${row + 1} of a call`,
      want: 'a finite number',
    });
  return value;
}

function asList(value: unknown, what: string): ArrayLike<unknown> {
  if (Array.isArray(value)) return value as unknown[];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return value as unknown as ArrayLike<unknown>;
  throw new ExplainError('PREDICT_KIND', { got: `${kindOf(value)} as ${what}`, want: 'a list' });
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function wrongOutputs(got: number, want: number | null): ExplainError {
  return new ExplainError('PREDICT_OUTPUTS', {
    got: `${got} outputs`,
    want: want === null ? `1 to ${MAX_OUTPUTS}` : `${want}`,
  });
}
