/** Numbers of each row: one per row for a model of one output, else [row][output]. */
export type Predicted = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

export interface PredictCall {
  /** given when the caller's signal is, or when the time is up: stop the work of this call */
  readonly signal: AbortSignal;
}

/**
 * Any model: rows in, finite numbers out, for each row and in their order. `rows` has as many numbers a row as the
 * explained one; its memory is used again once the call has ended. The same row must get the same answer.
 */
export type Predict = (
  rows: readonly Float64Array[],
  call: PredictCall,
) => Predicted | PromiseLike<Predicted>;

/** How often and how long a predict function is asked. */
export interface PredictOptions {
  /** most rows of one call, 1 to 65,536; 1,024 by default */
  readonly batchRows?: number;
  /** most milliseconds that one asynchronous call may take, 1 to 3,600,000; 30,000 by default */
  readonly timeoutMs?: number;
  /** most rows that the explanation of one row may ask for, 1 to 1e9; 10,000,000 by default */
  readonly maxPredictions?: number;
}

/** Told after each call of the predict function. */
export interface PredictProgress {
  /** rows answered */
  readonly done: number;
  readonly total: number;
}

export interface RunOptions {
  /** ends the work before the next call; the promise then rejects with its reason */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PredictProgress) => void;
}
