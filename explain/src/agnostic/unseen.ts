import { student95 } from '../numeric/student.ts';

/** From so many orders on that all agree, players are taken to act alone or in pairs, where every order is exact. */
const ENOUGH_TO_AGREE = 10;

interface Drawn {
  readonly draws: number;
  /** largest difference between two changes of one player, over all players of the output */
  readonly widest: number;
  /** of the bound that is made of the error */
  readonly freedom: number;
}

/** Less than that share of the widest is rounding. */
export const ROUNDING = 1e-12;

/**
 * Standard error of a player, of whom no draw may have shown that it varies. What then has happened in none of n draws has a probability
 * of at most 3/n (rule of three, at 95 %), and changes as much as the widest that was seen of any player. The bound is that
 * product; 0 where no player varies.
 */
export function errorOf(error: number, { draws, widest, freedom }: Drawn): number {
  return error > ROUNDING * widest ? error : (3 * widest) / draws / student95(freedom);
}

/**
 * Standard error of every player where the few orders that were walked agree for all of them. That says little: of three features that
 * must come together, two orders agree in a third of all draws. What another order may show has a probability of at most 3/n, and
 * changes as much as the widest single step of any player, to or fro; 0 where every player's steps are the same whoever is there.
 */
export function errorOfAgreement({ draws, widest, freedom }: Drawn): number {
  return draws >= ENOUGH_TO_AGREE
    ? 0
    : (Math.min(1, 3 / draws) * widest) / student95(Math.max(1, freedom));
}
