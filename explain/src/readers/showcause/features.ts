import type { FeatureType } from '../../model/tree-model.ts';
import { ExplainError } from '../../errors.ts';
import { DocumentReader, malformed } from '../document.ts';
import { categoryLabels } from '../features.ts';
import type { FormatOptions } from '../options.ts';

const TYPES: readonly FeatureType[] = ['float', 'int', 'indicator', 'categorical'];

export interface DocumentedFeatures {
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly FeatureType[];
  readonly categories: readonly (readonly string[] | null)[];
}

/** `features`: objects with `name`, `type` (float where absent) and, for a categorical one, `categories`. */
export function readDocumentedFeatures(
  root: DocumentReader,
  options: FormatOptions,
): DocumentedFeatures {
  const list = root.list('features');
  if (list.length > options.limits.maxFeatures)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${list.length} features`,
      want: `at most ${options.limits.maxFeatures}`,
    });
  const readers = list.map((item, i) => new DocumentReader(item, `${root.path}.features[${i}]`));
  const names = readers.map((reader) => reader.string('name'));
  if (new Set(names).size !== names.length)
    throw malformed(`${root.path}.features`, 'a name used twice', 'names');
  const types = readers.map((reader) => {
    const type = reader.has('type') ? reader.string('type') : 'float';
    const known = TYPES.find((each) => each === type);
    if (known === undefined)
      throw malformed(`${reader.path}.type`, 'another word', TYPES.join(', '));
    return known;
  });
  const stored = readers.map((reader, i) =>
    types[i] === 'categorical' && reader.has('categories') ? reader.strings('categories') : null,
  );
  return {
    featureNames: names,
    featureTypes: types,
    categories: categoryLabels({ names, types, given: options.categories }, stored),
  };
}
