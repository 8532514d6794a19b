import { strictJson } from '../strict-json.ts';

/** Which way a value may go: up only, down only, or either. */
export type Movable = 'up' | 'down' | 'any';

/** What one changeable feature may become. Bounds are in the feature's own unit. */
export interface MutableFeature {
  readonly name: string;
  readonly direction: Movable;
  /** null: no bound on this side */
  readonly min: number | null;
  readonly max: number | null;
  /** only multiples of it are offered; null: 1 for whole numbers, otherwise any number */
  readonly step: number | null;
  /** a change by this much costs `cost`; null: max - min, else the span of the model's thresholds */
  readonly scale: number | null;
  /** weight in the distance; what is hard to change costs more */
  readonly cost: number;
  /** codes or names that a category may become; null for a feature that is a number */
  readonly categories: readonly (string | number)[] | null;
  /** whether a value that is missing may be given */
  readonly fromMissing: boolean;
}

/** How another feature goes when the first one changes. */
export type Required = 'up' | 'down' | 'stays' | 'not-up' | 'not-down';

/** `if` the feature moves that way, by any amount, `then` the other one must move as said. */
export interface CausalConstraint {
  readonly if: { readonly feature: string; readonly moves: 'up' | 'down' | 'any' };
  readonly then: { readonly feature: string; readonly moves: Required };
}

/** How far a search goes. */
export interface SearchBounds {
  /** options that are looked for */
  readonly options: number;
  /** most features that one option changes */
  readonly changes: number;
  /**
   * cells of feature values whose score may be computed for one row, or predictions where a model has no cells; a fifth
   * is kept for the intervals of what was found. null: 5,000,000 cells, 25,000 predictions
   */
  readonly budget: number | null;
  /** of the pseudo-random choice of values for models without thresholds */
  readonly seed: number;
}

/** What may change in an application, and how: everything that is not named here never changes. */
export interface MutableFeatures {
  readonly features: readonly MutableFeature[];
  readonly constraints: readonly CausalConstraint[];
  readonly search: SearchBounds;
}

export const defaultSearch: SearchBounds = Object.freeze({
  options: 3,
  changes: 4,
  budget: null,
  seed: 1,
});

const MAX_FEATURES = 100;
const MAX_CATEGORIES = 200;
const MAX_CONSTRAINTS = 200;
const MAX_BUDGET = 20_000_000;
const MOVABLE: readonly Movable[] = ['up', 'down', 'any'];
const NUMERIC = ['direction', 'min', 'max', 'step', 'scale'];
const OTHER = ['cost', 'categories', 'fromMissing'];
const SEARCH = ['options', 'changes', 'budget', 'seed'];
const REQUIRED: readonly Required[] = ['up', 'down', 'stays', 'not-up', 'not-down'];

const { membersOf, oneOf, refused } = strictJson('COUNTERFACTUAL_OPTIONS', MAX_FEATURES);

/**
 * Reads the file of changeable features from parsed JSON (spec/counterfactuals.md), strictly: no unknown members, every
 * size and number bounded. Whether the features are the model's is for `counterfactualSearch` to say.
 *
 * @throws ExplainError COUNTERFACTUAL_OPTIONS
 */
export function parseMutableFeatures(json: unknown): MutableFeatures {
  const root = membersOf(json, '$', ['version', 'features'], ['constraints', 'search']);
  if (root.version !== 1) throw refused('$.version', '1');
  const features = parseFeatures(root.features);
  const names = new Set(features.map(({ name }) => name));
  const constraints = listOf(root.constraints ?? [], '$.constraints', MAX_CONSTRAINTS);
  return {
    features,
    constraints: constraints.map((one, i) => parseConstraint(one, `$.constraints[${i}]`, names)),
    search: parseSearch(root.search),
  };
}

/**
 * What may change, as callers without types may give it: nothing that `parseMutableFeatures` would not have made.
 *
 * @throws ExplainError COUNTERFACTUAL_OPTIONS
 */
export function assertMutable(given: unknown): asserts given is MutableFeatures {
  const root = membersOf(given, '$', ['features', 'constraints', 'search'], []);
  const features = listOf(root.features, '$.features', MAX_FEATURES).map((one, i) =>
    wholeFeature(one, `$.features[${i}]`),
  );
  if (new Set(features).size !== features.length) throw refused('$.features', 'each feature once');
  const names = new Set(features);
  listOf(root.constraints, '$.constraints', MAX_CONSTRAINTS).forEach((one, i) =>
    parseConstraint(one, `$.constraints[${i}]`, names),
  );
  const { budget, ...bounds } = membersOf(root.search, '$.search', SEARCH, []);
  for (const [name, value] of Object.entries(bounds))
    if (typeof value !== 'number') throw refused(`$.search.${name}`, 'a number');
  parseSearch(budget === null ? bounds : { ...bounds, budget });
}

/** @returns its name */
function wholeFeature(json: unknown, path: string): string {
  const { name, ...members } = membersOf(json, path, ['name', ...NUMERIC, ...OTHER], []);
  if (typeof name !== 'string') throw refused(`${path}.name`, 'a text');
  if (Object.values(members).includes(undefined)) throw refused(path, 'null where nothing is said');
  const { categories, cost, fromMissing } = members;
  parseFeature(
    name,
    categories === null ? withoutCategories(members) : { categories, cost, fromMissing },
  );
  return name;
}

/** A feature that is a number, as its file says it. */
function withoutCategories({
  categories: _,
  ...numeric
}: Readonly<Record<string, unknown>>): object {
  return numeric;
}

function parseFeatures(json: unknown): MutableFeature[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw refused('$.features', 'an object by feature name');
  const entries = Object.entries(json);
  if (entries.length === 0 || entries.length > MAX_FEATURES)
    throw refused('$.features', `1 to ${MAX_FEATURES} features`);
  return entries.map(([name, feature]) => {
    if (name.length > 200) throw refused('$.features', 'names of at most 200 characters');
    return parseFeature(name, feature);
  });
}

function parseFeature(name: string, json: unknown): MutableFeature {
  const path = `$.features[${JSON.stringify(name.slice(0, 60))}]`;
  const members = membersOf(json, path, [], [...NUMERIC, ...OTHER]);
  const isCategory = members.categories !== undefined;
  if (isCategory && NUMERIC.some((member) => members[member] !== undefined))
    throw refused(path, 'either categories or bounds of a number');
  const feature: MutableFeature = {
    name,
    direction:
      members.direction === undefined
        ? 'any'
        : oneOf(members.direction, MOVABLE, `${path}.direction`),
    min: numberOf(members.min, `${path}.min`),
    max: numberOf(members.max, `${path}.max`),
    step: positive(members.step, `${path}.step`),
    scale: positive(members.scale, `${path}.scale`),
    cost: positive(members.cost, `${path}.cost`) ?? 1,
    categories: isCategory ? categoriesOf(members.categories, `${path}.categories`) : null,
    fromMissing: truthOf(members.fromMissing, `${path}.fromMissing`),
  };
  if (feature.min !== null && feature.max !== null && feature.min > feature.max)
    throw refused(path, 'min at most max');
  return feature;
}

function categoriesOf(json: unknown, path: string): (string | number)[] {
  const list = listOf(json, path, MAX_CATEGORIES);
  if (list.length === 0) throw refused(path, `1 to ${MAX_CATEGORIES} categories`);
  const categories = list.map((one, i) => {
    if (typeof one === 'string' && one !== '' && one.length <= 200) return one;
    if (typeof one === 'number' && Number.isInteger(one) && one >= 0 && one < 2 ** 31) return one;
    throw refused(`${path}[${i}]`, 'a name or a code');
  });
  if (new Set(categories).size !== list.length) throw refused(path, 'each category once');
  return categories;
}

function parseConstraint(
  json: unknown,
  path: string,
  names: ReadonlySet<string>,
): CausalConstraint {
  const members = membersOf(json, path, ['if', 'then'], []);
  const cause = membersOf(members.if, `${path}.if`, ['feature', 'moves'], []);
  const effect = membersOf(members.then, `${path}.then`, ['feature', 'moves'], []);
  const constraint: CausalConstraint = {
    if: {
      feature: nameOf(cause.feature, `${path}.if.feature`, names),
      moves: oneOf(cause.moves, MOVABLE, `${path}.if.moves`),
    },
    then: {
      feature: nameOf(effect.feature, `${path}.then.feature`, names),
      moves: oneOf(effect.moves, REQUIRED, `${path}.then.moves`),
    },
  };
  if (constraint.if.feature === constraint.then.feature) throw refused(path, 'two features');
  return constraint;
}

function parseSearch(json: unknown): SearchBounds {
  if (json === undefined) return defaultSearch;
  const members = membersOf(json, '$.search', [], SEARCH);
  const optional = (name: keyof SearchBounds, least: number, most: number): number | undefined => {
    const value = members[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw refused(`$.search.${name}`, `a whole number from ${least} to ${most}`);
    return value;
  };
  return {
    options: optional('options', 1, 5) ?? defaultSearch.options,
    changes: optional('changes', 1, 8) ?? defaultSearch.changes,
    budget: optional('budget', 1, MAX_BUDGET) ?? defaultSearch.budget,
    seed: optional('seed', 0, 2 ** 32 - 1) ?? defaultSearch.seed,
  };
}

function listOf(json: unknown, path: string, most: number): readonly unknown[] {
  if (!Array.isArray(json) || json.length > most) throw refused(path, `at most ${most} in a list`);
  return json;
}

function numberOf(json: unknown, path: string): number | null {
  if (json === undefined || json === null) return null;
  if (typeof json !== 'number' || !(Math.abs(json) <= 1e15))
    throw refused(path, 'a number between -1e15 and 1e15');
  return json;
}

function positive(json: unknown, path: string): number | null {
  const number = numberOf(json, path);
  if (number !== null && !(number >= 1e-9)) throw refused(path, 'a number of at least 1e-9');
  return number;
}

function truthOf(json: unknown, path: string): boolean {
  if (json !== undefined && typeof json !== 'boolean') throw refused(path, 'true or false');
  return json === true;
}

function nameOf(json: unknown, path: string, names: ReadonlySet<string>): string {
  if (typeof json !== 'string' || !names.has(json)) throw refused(path, 'a feature named above');
  return json;
}
