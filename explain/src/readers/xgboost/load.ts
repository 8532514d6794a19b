import { ExplainError } from '../../errors.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import { bytesOf, containerOf } from '../container.ts';
import { readJson } from '../json.ts';
import { formatOptions } from '../options.ts';
import type { LoadOptions } from '../options.ts';
import { readUbjson } from '../ubjson.ts';
import { readXgboostModel } from './model.ts';

/**
 * Reads an XGBoost model, JSON or UBJSON, as `loadModel` does, and nothing else.
 *
 * @throws ExplainError MODEL_* codes
 */
export function loadXgboost(given: Uint8Array | ArrayBuffer, options: LoadOptions = {}): TreeModel {
  const bytes = bytesOf(given);
  const format = formatOptions(bytes, options);
  switch (containerOf(bytes)) {
    case 'json':
      return readXgboostModel(readJson(bytes, format.limits), format);
    case 'ubjson':
      return readXgboostModel(readUbjson(bytes, format.limits), format);
    default:
      throw new ExplainError('MODEL_FORMAT', { got: 'another library’s model', want: 'XGBoost' });
  }
}
