import type { Model } from '../model/model.ts';
import { readCatboostModel } from './catboost/model.ts';
import { bytesOf, containerOf } from './container.ts';
import { DocumentReader } from './document.ts';
import type { DocumentValue } from './document.ts';
import { readJson } from './json.ts';
import { readLightgbmModel } from './lightgbm/model.ts';
import { formatOptions } from './options.ts';
import type { FormatOptions, LoadOptions } from './options.ts';
import { readOnnxModel } from './onnx/model.ts';
import { readDocumentedModel } from './showcause/model.ts';
import { readUbjson } from './ubjson.ts';
import { readXgboostModel } from './xgboost/model.ts';

/**
 * Reads a model file; the format is found from the bytes: XGBoost JSON and UBJSON (1.x to 3.x, gbtree and dart), LightGBM
 * text, CatBoost JSON with float features, ONNX tree ensembles and linear models, and the documented JSON of this package (trees, linear, scorecard).
 *
 * @throws ExplainError EXPLAIN_OPTION; MODEL_* codes: nothing in the file is believed before it is checked.
 */
export function loadModel(given: Uint8Array | ArrayBuffer, options: LoadOptions = {}): Model {
  const bytes = bytesOf(given);
  const format = formatOptions(bytes, options);
  const { limits } = format;
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
