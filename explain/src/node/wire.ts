import { ExplainError } from '../errors.ts';
import type { ExplainErrorCode } from '../errors.ts';
import type { ExplanationArrays } from '../batch/arrays.ts';
import type { AnyExplainerOptions } from '../explainer.ts';
import type { LoadOptions } from '../readers/options.ts';
import type { Explainer, ExplanationFacts } from '../shapley/explanation.ts';

/** What a thread is started with; it reads the model itself, as functions cannot be sent. */
export interface WorkerStart {
  readonly model: Uint8Array;
  readonly load: LoadOptions;
  readonly explainer: AnyExplainerOptions;
}

export interface ToWorker {
  readonly id: number;
  /** [rows × features], row-major; handed over, not copied */
  readonly rows: Float64Array;
}

/** What a thread's explainer is, once it stands. */
export interface WorkerFacts
  extends ExplanationFacts, Pick<Explainer, 'features' | 'outputs' | 'baseValue' | 'tableBytes'> {}

export type FromWorker =
  | { readonly kind: 'ready'; readonly facts: WorkerFacts }
  | { readonly kind: 'done'; readonly id: number; readonly arrays: ExplanationArrays }
  /** `id` is null where the thread never came to stand */
  | { readonly kind: 'refused'; readonly id: number | null; readonly error: WireError };

/** A coded refusal as plain data. */
export interface WireError {
  readonly code: ExplainErrorCode;
  readonly got: string;
  readonly want: string | undefined;
  readonly row: number | undefined;
}

/** @throws what is no coded refusal: the thread then ends, and its owner learns of that */
export function toWire(error: unknown): WireError {
  if (!(error instanceof ExplainError)) throw error;
  const { code, got, want, row } = error;
  return { code, got, want, row };
}

/** @param first  index in the batch of the chunk's first row */
export function fromWire({ code, got, want, row }: WireError, first = 0): ExplainError {
  return new ExplainError(code, {
    got,
    ...(want === undefined ? {} : { want }),
    ...(row === undefined ? {} : { row: first + row }),
  });
}

/** Buffers that are handed over with a message. */
export function buffersOf(arrays: ExplanationArrays): ArrayBuffer[] {
  const { attributions, scores, margins, additivityErrors } = arrays;
  return [attributions, scores, margins, additivityErrors].map(
    ({ buffer }) => buffer as ArrayBuffer,
  );
}
