import { student95 } from '../numeric/student.ts';

interface Drawn {
  readonly draws: number;
  /** largest difference between two changes of one player, over all players of the output */
  readonly widest: number;
  /** of the bound that is made of the error */
  readonly freedom: number;
}

/** Less than that share of the widest is rounding. */
const ROUNDING = 1e-12;

/**
 * Standard error of a player, of whom no draw may have shown that it varies. What then has happened in none of n draws has a probability
 * of at most 3/n (rule of three, at 95 %), and changes as much as the widest that was seen of any player. The bound is that
 * product; 0 where no player varies.
 */
export function errorOf(error: number, { draws, widest, freedom }: Drawn): number {
  return error > ROUNDING * widest ? error : (3 * widest) / draws / student95(freedom);
}
