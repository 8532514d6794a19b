import { ExplainError } from '../../errors.ts';
import { createLinearModel } from '../../model/linear-model.ts';
import type { LinearModel } from '../../model/linear-model.ts';
import { DocumentReader, malformed } from '../document.ts';
import type { FormatOptions } from '../options.ts';
import { readDocumentedFeatures } from './features.ts';
import { objectiveFrom } from './links.ts';

/** `kind: "linear"` of the documented JSON: `intercept` by output, `coefficients` by output and feature. */
export function readDocumentedLinear(root: DocumentReader, options: FormatOptions): LinearModel {
  const features = readDocumentedFeatures(root, options);
  if (features.featureTypes.includes('categorical'))
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'a categorical feature in a linear model',
      want: 'one indicator a category',
    });
  const intercept = finite(root, root, 'intercept');
  const rows = root.list('coefficients');
  if (rows.length !== intercept.length || intercept.length < 1)
    throw malformed(`${root.path}.coefficients`, `${rows.length} arrays`, `${intercept.length}`);
  if (rows.length > options.limits.maxOutputs)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${rows.length} outputs`,
      want: `at most ${options.limits.maxOutputs}`,
    });
  const coefficients = rows.map((row, output) => {
    const reader = new DocumentReader(
      new Map([['row', row]]),
      `${root.path}.coefficients[${output}]`,
    );
    const weights = finite(root, reader, 'row');
    if (weights.length !== features.featureNames.length)
      throw malformed(reader.path, `${weights.length} numbers`, `${features.featureNames.length}`);
    return weights;
  });
  return createLinearModel({
    format: 'showcause',
    hash: options.hash,
    formatVersion: root.string('format'),
    objective: objectiveFrom(root),
    outputs: intercept.length,
    coefficients,
    intercept,
    ...features,
  });
}

function finite(root: DocumentReader, reader: DocumentReader, name: string): Float64Array {
  const numbers = reader.numbers(name);
  if (!numbers.every(Number.isFinite))
    throw new ExplainError('MODEL_VALUE', { got: `an unusable number at ${root.path}, ${name}` });
  return numbers;
}
