import type { FeatureType } from '../../model/tree-model.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader, malformed } from '../document.ts';
import { categoryLabels, splitKinds } from '../features.ts';

const TYPES: Readonly<Record<string, FeatureType>> = {
  q: 'float',
  float: 'float',
  int: 'int',
  i: 'indicator',
  c: 'categorical',
};

export interface FeatureSource {
  readonly learner: DocumentReader;
  /** the booster's `model`, where XGBoost from 3.1 on keeps names of categories */
  readonly model: DocumentReader;
  readonly features: number;
  readonly trees: readonly Tree[];
  /** names of categories that the caller gives, by feature */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

export interface Features {
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly FeatureType[];
  readonly categories: readonly (readonly string[] | null)[];
}

/** Names (f0, f1, … where the file has none), types and category names; refuses splits that contradict the type. */
export function readFeatures(source: FeatureSource): Features {
  const featureNames = namesOf(source);
  const used = splitKinds(source.trees, source.features);
  const featureTypes =
    declaredTypes(source) ??
    featureNames.map((_, i) => (used.categorical[i] === 1 ? 'categorical' : 'float'));
  featureTypes.forEach((type, index) => {
    const contradicted = type === 'categorical' ? used.numeric[index] : used.categorical[index];
    if (contradicted === 1)
      throw malformed(
        source.learner.path,
        `both kinds of split on feature ${index}`,
        'splits of the feature’s type',
      );
  });
  return {
    featureNames,
    featureTypes,
    categories: categoryLabels(
      { names: featureNames, types: featureTypes, given: source.labels },
      storedCategories(source.model, featureNames.length),
    ),
  };
}

function namesOf({ learner, features }: FeatureSource): readonly string[] {
  const given = learner.has('feature_names') ? learner.strings('feature_names') : [];
  const names =
    given.length === 0 ? Array.from({ length: features }, (_, index) => `f${index}`) : given;
  if (names.length !== features)
    throw malformed(`${learner.path}.feature_names`, `${names.length} names`, `${features}`);
  if (new Set(names).size !== features)
    throw malformed(`${learner.path}.feature_names`, 'a name used twice', 'names');
  return names;
}

function declaredTypes({ learner, features }: FeatureSource): readonly FeatureType[] | null {
  const given = learner.has('feature_types') ? learner.strings('feature_types') : [];
  if (given.length === 0) return null;
  if (given.length !== features)
    throw malformed(`${learner.path}.feature_types`, `${given.length} types`, `${features}`);
  return given.map((name) => {
    const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    if (type === undefined)
      throw malformed(
        `${learner.path}.feature_types`,
        'an unknown type',
        Object.keys(TYPES).join(', '),
      );
    return type;
  });
}

/**
 * `cats.enc`: per feature the names in one run of bytes, with their offsets. XGBoost 3.2 counts the offsets in
 * characters and cuts the bytes off there, so that names outside ASCII are wrong: none are taken then, and `rowOf` wants
 * codes, or names from the caller. Encodings without offsets are of numbers and have no names.
 */
function storedCategories(model: DocumentReader, features: number): (readonly string[] | null)[] {
  const encodings = model.has('cats') ? model.object('cats').list('enc') : [];
  if (encodings.length !== 0 && encodings.length !== features)
    throw malformed(`${model.path}.cats.enc`, `${encodings.length} items`, `${features}`);
  return encodings.map((encoding, index) => {
    const reader = new DocumentReader(encoding, `${model.path}.cats.enc[${index}]`);
    if (!reader.has('offsets')) return null;
    const offsets = reader.integers('offsets');
    const bytes = reader.integers('values');
    if (offsets.length < 2 || bytes.some((byte) => byte < 0x20 || byte > 0x7e)) return null;
    return Array.from(offsets.subarray(1), (end, at) => {
      const begin = offsets[at] ?? -1;
      if (begin < 0 || end < begin || end > bytes.length)
        throw malformed(reader.path, 'an offset out of range', 'offsets');
      return String.fromCharCode(...bytes.subarray(begin, end));
    });
  });
}
