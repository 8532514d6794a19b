import { ExplainError } from '../errors.ts';
import { isObject, wrongKind } from '../kinds.ts';
import type { Model } from './model.ts';
import type { FeatureType } from './tree-model.ts';

export type FeatureValue = number | string | boolean | null;
/** What of a model says how its rows look. */
export type RowShape = Pick<Model, 'featureNames' | 'featureTypes' | 'categories' | 'compares'>;

export type FeatureRecord = Readonly<Record<string, FeatureValue>>;

/**
 * One row of the model, strictly: a record by feature name, or an array in the model's order. `null` is a missing
 * value and becomes NaN. A string is allowed for a categorical feature whose names are known, a boolean for an
 * indicator.
 *
 * @throws ExplainError FEATURE_COUNT, FEATURE_MISSING (name not there), FEATURE_UNKNOWN, FEATURE_TYPE, EXPLAIN_ARGUMENT. Messages name
 * features and types, never values.
 */
export function rowOf(
  model: RowShape,
  record: FeatureRecord | readonly FeatureValue[],
): Float64Array {
  if (!isObject(model) || !Array.isArray(model.featureNames))
    throw wrongKind('model', model, 'what loadModel gives');
  if (typeof record !== 'object' || (record as unknown) === null)
    throw wrongKind('row', record, 'a record or a list', 'FEATURE_TYPE');
  return Float64Array.from(
    isList(record) ? listed(model, record) : named(model, record),
    (value, feature) => numberOf(model, feature, value),
  );
}

function isList(
  record: FeatureRecord | readonly FeatureValue[],
): record is readonly FeatureValue[] {
  return Array.isArray(record);
}

function listed(model: RowShape, values: readonly FeatureValue[]): readonly FeatureValue[] {
  const wanted = model.featureNames.length;
  if (values.length !== wanted)
    throw new ExplainError('FEATURE_COUNT', { got: `${values.length} values`, want: `${wanted}` });
  return values;
}

function named(model: RowShape, record: FeatureRecord): readonly FeatureValue[] {
  const known = new Set(model.featureNames);
  const stray = Object.keys(record).find((name) => !known.has(name));
  if (stray !== undefined) throw new ExplainError('FEATURE_UNKNOWN', { got: quoted(stray) });
  return model.featureNames.map((name) => {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    if (value === undefined)
      throw new ExplainError('FEATURE_MISSING', { got: 'no value', want: quoted(name) });
    return value;
  });
}

function numberOf(model: RowShape, feature: number, value: FeatureValue | undefined): number {
  const type = model.featureTypes[feature] ?? 'float';
  if (value === null) return NaN;
  if (typeof value === 'string') return codeOf(model, feature, value);
  const number = typeof value === 'boolean' && type === 'indicator' ? Number(value) : value;
  if (typeof number !== 'number') throw wrongType(model, feature, `a ${typeof value}`);
  const compared = model.compares === 'float32' ? Math.fround(number) : number;
  if (!Number.isFinite(compared))
    throw wrongType(model, feature, `a number beyond ${model.compares}`);
  if (!ADMITS[type](number)) throw wrongType(model, feature, 'a number that the type excludes');
  return number;
}

const ADMITS: Readonly<Record<FeatureType, (number: number) => boolean>> = {
  float: () => true,
  int: (number) => Number.isInteger(number),
  indicator: (number) => number === 0 || number === 1,
  categorical: (number) => Number.isInteger(number) && number >= 0,
};

function codeOf(model: RowShape, feature: number, label: string): number {
  const code = model.categories[feature]?.indexOf(label) ?? -1;
  if (code < 0)
    throw wrongType(model, feature, model.categories[feature] ? 'an unknown category' : 'a string');
  return code;
}

function wrongType(model: RowShape, feature: number, got: string): ExplainError {
  const type = model.featureTypes[feature] ?? 'float';
  return new ExplainError('FEATURE_TYPE', {
    got: `${got} for ${quoted(model.featureNames[feature] ?? '')}`,
    want: type,
  });
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
