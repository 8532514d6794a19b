import { ExplainError } from '@showcause/explain';

/** Runs something about one row; a refusal says which row. */
export function inRow<T>(index: number, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof ExplainError) {
      const { got, want } = cause;
      throw new ExplainError(cause.code, {
        got: `${got} in row ${index + 1}`,
        cause,
        ...(want === undefined ? {} : { want }),
      });
    }
    if (cause instanceof Error && 'code' in cause)
      throw new ExplainError('EXPLAIN_ROWS', {
        got: `${String(cause.code)} in row ${index + 1}`,
        want: 'one JSON value',
        cause,
      });
    throw cause;
  }
}
