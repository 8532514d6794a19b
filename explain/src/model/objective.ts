import type { Link } from './tree-model.ts';

/** What a library does behind the sum of trees for one objective. */
export interface Objective {
  /** as the library names it */
  readonly name: string;
  readonly link: Link;
  response(margin: readonly number[]): number[];
  probability(margin: readonly number[]): number[] | null;
}
