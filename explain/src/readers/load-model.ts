import { ExplainError } from '../errors.ts';
import { sha256Hex } from '../model/hash.ts';
import type { Model } from '../model/model.ts';
import { readCatboostModel } from './catboost/model.ts';
import { DocumentReader } from './document.ts';
import type { DocumentValue, ReaderLimits } from './document.ts';
import { readJson } from './json.ts';
import { readLightgbmModel } from './lightgbm/model.ts';
import type { FormatOptions } from './options.ts';
import { readOnnxModel } from './onnx/model.ts';
import { readDocumentedModel } from './showcause/model.ts';
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
 * Reads a model file; the format is found from the bytes: XGBoost JSON and UBJSON (1.x to 3.x, gbtree and dart), LightGBM
 * text, CatBoost JSON with float features, ONNX tree ensembles and linear models, and the documented JSON of this package (trees, linear, scorecard).
 *
 * @throws ExplainError MODEL_* codes: nothing in the file is believed before it is checked.
 */
export function loadModel(bytes: Uint8Array, options: LoadOptions = {}): Model {
  const limits = { ...defaultModelLimits, ...options.limits };
  if (bytes.length > limits.maxBytes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${bytes.length} bytes`,
      want: `at most ${limits.maxBytes}`,
    });
  const { iterations, categories } = options;
  const format = { hash: sha256Hex(bytes), iterations, categories, limits };
  switch (containerOf(bytes)) {
    case 'json':
      return readDocument(readJson(bytes, limits), format);
    case 'ubjson':
      return readXgboostModel(readUbjson(bytes, limits), format);
    case 'lightgbm':
      return readLightgbmModel(bytes, format);
    case 'onnx':
      return readOnnxModel(bytes, format);
  }
}

function readDocument(document: DocumentValue, options: FormatOptions): Model {
  const root = new DocumentReader(document, '$');
  if (root.has('features_info')) return readCatboostModel(document, options);
  return root.has('format')
    ? readDocumentedModel(root, options)
    : readXgboostModel(document, options);
}

/** JSON and UBJSON begin with `{`; then JSON has a quotation mark or blanks, UBJSON the type of a length. */
function containerOf(bytes: Uint8Array): 'json' | 'ubjson' | 'lightgbm' | 'onnx' {
  if (bytes.length === 0) throw new ExplainError('MODEL_FORMAT', { got: 'no bytes' });
  if (/^tree\r?\n/.test(textStart(bytes))) return 'lightgbm';
  // A protocol-buffers message whose first field is ir_version, as every ONNX writer puts it.
  if (bytes[0] === 0x08 && (bytes[1] ?? 0x80) < 0x80) return 'onnx';
  const start = bytes.findIndex((byte) => !isBlank(byte));
  if (bytes[start] !== 0x7b) throw new ExplainError('MODEL_FORMAT', { got: describeStart(bytes) });
  const next = bytes[start + 1];
  if (next === undefined)
    throw new ExplainError('MODEL_TRUNCATED', { got: `the end after ${bytes.length} bytes` });
  if (next === 0x22 || next === 0x7d || isBlank(next)) return 'json';
  if ('iUIlL$#'.includes(String.fromCharCode(next)) && start === 0) return 'ubjson';
  throw new ExplainError('MODEL_FORMAT', { got: describeStart(bytes) });
}

function textStart(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 8));
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function describeStart(bytes: Uint8Array): string {
  const start = textStart(bytes);
  if (start.startsWith('binf') || start.startsWith('bs64'))
    return 'the old binary format of XGBoost';
  if (start.startsWith('CBM1')) return 'a binary CatBoost model';
  if (bytes[0] === 0x80) return 'a Python pickle';
  return 'other bytes';
}
