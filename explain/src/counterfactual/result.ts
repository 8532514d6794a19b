import type { CheckedGoal } from './goal.ts';
import type { CausalConstraint, Movable } from './mutable.ts';

/** One feature of an option. Numbers are in the feature's unit; null stands for a missing value or an open end. */
export interface Change {
  readonly feature: string;
  /** place of the feature in the model */
  readonly index: number;
  /** `set`: a category, or a value where none was */
  readonly moves: 'up' | 'down' | 'set';
  /** the row's own value */
  readonly own: number | null;
  /** the nearest value that does it, with those of the other changes */
  readonly nearest: number;
  /** every admissible value from here … */
  readonly from: number | null;
  /** … to here keeps the outcome, whatever the other changes are within theirs */
  readonly to: number | null;
  /** the same as a list, for a category; null for a number */
  readonly oneOf: readonly number[] | null;
  /** only multiples of it are meant; null: any number */
  readonly step: number | null;
}

/** Changes that together would have given the wanted outcome, everything else as it is. */
export interface Counterfactual {
  readonly changes: readonly Change[];
  /** Σ cost · |nearest - own| / scale; a category, or a value where none was, counts as one scale */
  readonly distance: number;
  /** the model's own number at the nearest values */
  readonly reached: number;
  /**
   * true: every admissible value of the intervals keeps the outcome, because the model is constant on the cells or
   * monotone over them; false: their corners and some values between were tried
   */
  readonly proven: boolean;
}

/** What may change and within which bounds, as it was searched for this row. */
export interface SearchedFeature {
  readonly feature: string;
  readonly direction: Movable;
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number | null;
  /** codes that were allowed; null for a number */
  readonly categories: readonly number[] | null;
  /** what one unit of distance is */
  readonly scale: number;
  readonly cost: number;
  /** values or cells of values that it may take in this row */
  readonly candidates: number;
}

export interface SearchAccount {
  /** name and version of the algorithm; the same kernel gives the same bytes everywhere */
  readonly kernel: string;
  /**
   * true: within `radius` nothing was left out. No option changes fewer features than the first one, nor as few at
   * less distance; and where nothing was found, nothing is there
   */
  readonly exhaustive: boolean;
  /** number of changed features up to which that holds */
  readonly radius: number;
  /** most features that were changed together */
  readonly changes: number;
  /** cells (or predictions) that were looked at, and at most were allowed */
  readonly spent: number;
  readonly budget: number;
  /** null where nothing was left to chance */
  readonly seed: number | null;
}

/** `found`, `none` within these bounds, or `met`: the row has the outcome already. */
export interface Counterfactuals {
  readonly status: 'found' | 'none' | 'met';
  readonly goal: CheckedGoal;
  /** fewest changed features first, then the nearest; no two change the same features */
  readonly options: readonly Counterfactual[];
  readonly within: readonly SearchedFeature[];
  /** how features had to move together */
  readonly constraints: readonly CausalConstraint[];
  readonly search: SearchAccount;
  /** version of this package */
  readonly version: string;
}
