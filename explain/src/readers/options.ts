import { ExplainError } from '../errors.ts';
import { assertObject, assertOptions, assertTexts, said, wrongKind } from '../kinds.ts';
import { sha256Hex } from '../model/hash.ts';
import type { ReaderLimits } from './document.ts';

/** What every reader of a format is told. */
export interface FormatOptions {
  /** SHA-256 of the file */
  readonly hash: string;
  /** boosting rounds to use; all where undefined */
  readonly iterations?: number | undefined;
  /** names of categories that the caller gives, by feature */
  readonly categories?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly limits: ModelLimits;
}

/** What a model may claim before it is refused with MODEL_LIMIT. */
export interface ModelLimits extends ReaderLimits {
  /** nodes of all trees together */
  readonly maxNodes: number;
  /** splits on one path */
  readonly maxTreeDepth: number;
  readonly maxFeatures: number;
  readonly maxOutputs: number;
}

export const defaultModelLimits: ModelLimits = {
  maxBytes: 256 * 1024 * 1024,
  maxDepth: 32,
  maxNodes: 10_000_000,
  maxTreeDepth: 256,
  maxFeatures: 1_000_000,
  maxOutputs: 10_000,
};

export interface LoadOptions {
  /** use the first boosting rounds only, as pipelines with early stopping do; all by default */
  readonly iterations?: number;
  /** names of the codes 0, 1, … by categorical feature, for `rowOf` and reasons */
  readonly categories?: Readonly<Record<string, readonly string[]>>;
  readonly limits?: Partial<ModelLimits>;
}

/** What the readers are told of one file. @throws ExplainError MODEL_LIMIT when it is too large */
export function formatOptions(bytes: Uint8Array, options: LoadOptions): FormatOptions {
  assertLoadOptions(options);
  const limits = { ...defaultModelLimits, ...options.limits };
  if (bytes.length > limits.maxBytes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${bytes.length} bytes`,
      want: `at most ${limits.maxBytes}`,
    });
  const { iterations, categories } = options;
  return { hash: sha256Hex(bytes), iterations, categories, limits };
}

/** @throws ExplainError EXPLAIN_OPTION */
function assertLoadOptions(options: LoadOptions): void {
  assertOptions(options);
  const { iterations, categories = {}, limits = {} } = options;
  if (iterations !== undefined && typeof iterations !== 'number')
    throw wrongKind('iterations', iterations, 'a whole number', 'EXPLAIN_OPTION');
  assertObject(categories, 'categories', 'lists of names by feature', 'EXPLAIN_OPTION');
  for (const names of Object.values(categories))
    assertTexts(names, 'categories of a feature', 'EXPLAIN_OPTION');
  assertObject(limits, 'limits', 'an object', 'EXPLAIN_OPTION');
  for (const [name, limit] of Object.entries(limits))
    if (limit !== undefined && !(typeof limit === 'number' && limit >= 0))
      throw new ExplainError('EXPLAIN_OPTION', {
        got: `${said(limit)} as ${name.slice(0, 40)}`,
        want: 'a number from 0',
      });
}
