import type { Landscape } from './landscape.ts';
import type { Move } from './move.ts';
import type { SearchBounds } from './mutable.ts';
import type { ResolvedConstraint } from './resolve.ts';

/** One search: where it looks, what it must hold, what it may spend. */
export interface Quest {
  readonly landscape: Landscape;
  readonly constraints: readonly ResolvedConstraint[];
  readonly bounds: SearchBounds;
  readonly account: Account;
}

/**
 * Counts what was looked at, so that the end of a search depends on no clock. A fifth is kept for what comes after the
 * search: without it options of a search that went to its end would have no intervals.
 */
export class Account {
  readonly budget: number;
  #limit: number;
  #spent = 0;

  constructor(budget: number) {
    this.budget = budget;
    this.#limit = budget - Math.floor(budget / 5);
  }

  /** The search is over: what was kept may be spent. */
  release(): void {
    this.#limit = this.budget;
  }

  get spent(): number {
    return this.#spent;
  }

  /** False, and nothing is spent, when that would be too much. */
  spend(price: number): boolean {
    if (this.#spent + price > this.#limit) return false;
    this.#spent += price;
    return true;
  }
}

/** Moves that reach the goal, in the order of their features. */
export interface Found {
  readonly moves: readonly Move[];
  readonly distance: number;
}

/** Which features are changed. */
export function keyOf({ moves }: Found): string {
  return moves.map(({ feature }) => feature).join();
}

/** Fewest changes, then the nearest, then in the order of the features. */
function byWorth(a: Found, b: Found): number {
  return (
    a.moves.length - b.moves.length || a.distance - b.distance || (keyOf(a) < keyOf(b) ? -1 : 1)
  );
}

/**
 * The best option, then others that change something else: one that changes all that an earlier one does, and more, is
 * taken only when there are no others.
 */
export function choose(found: readonly Found[], most: number): Found[] {
  const chosen: Found[] = [];
  const take = (isEligible: (one: Found) => boolean): void => {
    for (const one of [...found].sort(byWorth))
      if (chosen.length < most && !chosen.includes(one) && isEligible(one)) chosen.push(one);
  };
  take((one) => !chosen.some((earlier) => includes(one, earlier)));
  take((one) => !chosen.some((earlier) => keyOf(earlier) === keyOf(one)));
  return chosen.sort(byWorth);
}

function includes(one: Found, other: Found): boolean {
  return other.moves.every(({ feature }) => one.moves.some((move) => move.feature === feature));
}
