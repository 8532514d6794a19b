import type { Tree } from '../../model/tree.ts';
import { goesLeft } from '../../model/tree.ts';

/** What one feature has to be for a rule; several splits on it are one condition. */
export interface Condition {
  readonly feature: number;
  /** above this; null: no bound */
  readonly above: number | null;
  /** at most this; null: no bound */
  readonly upTo: number | null;
  /** the categories that fit, ascending; null for a number */
  readonly oneOf: readonly number[] | null;
  /** categories that do not fit, where all others do, those never seen too; null otherwise */
  readonly noneOf: readonly number[] | null;
  readonly missing: boolean;
  /** whether 0 fits, where that does not follow from the bounds: LightGBM may take 0 as missing; null otherwise */
  readonly zero: boolean | null;
}

/** One leaf: every row meets the conditions of exactly one rule. */
export interface Rule {
  /** in order of the features */
  readonly conditions: readonly Condition[];
  /** what the tree adds */
  readonly value: number;
  /** weight of the training rows in the leaf; 0 where the file has none */
  readonly cover: number;
  /** of the cover of all; null where the file has none */
  readonly share: number | null;
  readonly leaf: number;
}

/** The rules of one tree, of any loaded model too, from left to right; leaves that no value can reach are left out. */
export function treeRules(tree: Tree): Rule[] {
  const whole = tree.cover[0] ?? 0;
  const rules: Rule[] = [];
  const walk = (node: number, path: readonly Reach[]): void => {
    if (path.some(isEmpty)) return;
    const left = tree.leftChild[node] ?? 0;
    if (left === 0) {
      const cover = tree.cover[node] ?? 0;
      rules.push({
        conditions: path
          .map(conditionOf)
          .filter(saysSomething)
          .sort((a, b) => a.feature - b.feature),
        value: tree.value[node] ?? NaN,
        cover,
        share: whole === 0 ? null : cover / whole,
        leaf: node,
      });
      return;
    }
    walk(left, narrowed(path, tree, node, true));
    walk(left + 1, narrowed(path, tree, node, false));
  };
  walk(0, []);
  return rules;
}

/** Values of one feature that reach a node. */
interface Reach {
  readonly feature: number;
  readonly above: number;
  readonly upTo: number;
  readonly oneOf: readonly number[] | null;
  readonly noneOf: readonly number[];
  readonly isCategorical: boolean;
  readonly missing: boolean;
  readonly zero: boolean;
}

function narrowed(
  path: readonly Reach[],
  tree: Tree,
  node: number,
  isLeft: boolean,
): readonly Reach[] {
  const feature = tree.feature[node] ?? 0;
  const before = path.find((reach) => reach.feature === feature) ?? anything(feature);
  const fits = (x: number) => goesLeft(tree, node, x) === isLeft;
  const common = {
    missing: before.missing && fits(NaN),
    zero: before.zero && fits(0),
  };
  const listed = tree.categories[node];
  const after: Reach =
    listed === null || listed === undefined
      ? { ...before, ...common, ...boundsOf(before, tree.threshold[node] ?? NaN, isLeft) }
      : { ...before, ...common, ...setsOf(before, Array.from(listed), isLeft) };
  return [...path.filter((reach) => reach.feature !== feature), after];
}

function anything(feature: number): Reach {
  return {
    feature,
    above: -Infinity,
    upTo: Infinity,
    oneOf: null,
    noneOf: [],
    isCategorical: false,
    missing: true,
    zero: true,
  };
}

/** A threshold of NaN sends no number to the left. */
function boundsOf(
  { above, upTo }: Reach,
  threshold: number,
  isLeft: boolean,
): Pick<Reach, 'above' | 'upTo'> {
  if (Number.isNaN(threshold)) return isLeft ? { above: Infinity, upTo } : { above, upTo };
  return isLeft
    ? { above, upTo: Math.min(upTo, threshold) }
    : { above: Math.max(above, threshold), upTo };
}

/** The listed categories go right. */
function setsOf(
  { oneOf, noneOf }: Reach,
  listed: readonly number[],
  isLeft: boolean,
): Pick<Reach, 'oneOf' | 'noneOf' | 'isCategorical'> {
  const isCategorical = true;
  if (isLeft)
    return oneOf === null
      ? { oneOf, noneOf: [...new Set([...noneOf, ...listed])].sort((a, b) => a - b), isCategorical }
      : { oneOf: oneOf.filter((one) => !listed.includes(one)), noneOf, isCategorical };
  const allowed = oneOf === null ? listed : listed.filter((one) => oneOf.includes(one));
  return { oneOf: allowed.filter((one) => !noneOf.includes(one)), noneOf, isCategorical };
}

function isEmpty(reach: Reach): boolean {
  if (reach.missing || reach.zero) return false;
  return reach.isCategorical ? reach.oneOf?.length === 0 : reach.above >= reach.upTo;
}

function conditionOf(reach: Reach): Condition {
  const { feature, above, upTo, oneOf, noneOf, isCategorical, missing, zero } = reach;
  const inBounds = above < 0 && upTo >= 0;
  return {
    feature,
    above: above === -Infinity ? null : above,
    upTo: upTo === Infinity ? null : upTo,
    oneOf: isCategorical ? oneOf : null,
    noneOf: isCategorical && oneOf === null ? noneOf : null,
    missing,
    zero: isCategorical || zero === inBounds ? null : zero,
  };
}

/** A split may send everything to one side. */
function saysSomething({ above, upTo, oneOf, noneOf, missing, zero }: Condition): boolean {
  return !missing || [above, upTo, oneOf, noneOf, zero].some((one) => one !== null);
}
