import { ExplainError } from '../errors.ts';
import type { TreeModel } from '../model/tree-model.ts';
import type { ReaderLimits } from './document.ts';
import { readJson } from './json.ts';
import { readUbjson } from './ubjson.ts';
import { readXgboostModel } from './xgboost/model.ts';

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

/**
 * Reads a model file; the format is found from the bytes. XGBoost JSON and UBJSON, 1.x to 3.x, boosters gbtree and
 * dart.
 *
 * @throws ExplainError MODEL_* codes: nothing in the file is believed before it is checked.
 */
export function loadModel(bytes: Uint8Array, options: LoadOptions = {}): TreeModel {
  const limits = { ...defaultModelLimits, ...options.limits };
  if (bytes.length > limits.maxBytes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${bytes.length} bytes`,
      want: `at most ${limits.maxBytes}`,
    });
  const document = isJson(bytes) ? readJson(bytes, limits) : readUbjson(bytes, limits);
  return readXgboostModel(document, {
    iterations: options.iterations,
    categories: options.categories,
    limits,
  });
}

/** Both begin with `{`; then JSON has a quotation mark or blanks, UBJSON the type of a length. */
function isJson(bytes: Uint8Array): boolean {
  if (bytes.length === 0) throw new ExplainError('MODEL_FORMAT', { got: 'no bytes' });
  const start = bytes.findIndex((byte) => !isBlank(byte));
  if (bytes[start] !== 0x7b) throw new ExplainError('MODEL_FORMAT', { got: describeStart(bytes) });
  const next = bytes[start + 1];
  if (next === undefined)
    throw new ExplainError('MODEL_TRUNCATED', { got: `the end after ${bytes.length} bytes` });
  if (next === 0x22 || next === 0x7d || isBlank(next)) return true;
  if ('iUIlL$#'.includes(String.fromCharCode(next)) && start === 0) return false;
  throw new ExplainError('MODEL_FORMAT', { got: describeStart(bytes) });
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function describeStart(bytes: Uint8Array): string {
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  if (start.startsWith('binf') || start.startsWith('bs64'))
    return 'the old binary format of XGBoost';
  if (start.startsWith('tree\n') || start.startsWith('tree\r\n')) return 'a LightGBM text model';
  if (start.startsWith('CBM1')) return 'a binary CatBoost model';
  if (bytes[0] === 0x80) return 'a Python pickle';
  return 'other bytes';
}
