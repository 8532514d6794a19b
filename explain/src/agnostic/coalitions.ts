import type { Population } from './background.ts';
import type { Session } from './session.ts';

/** Coalitions side by side: `count` of them, `players` numbers each, 1 for a member. */
export interface Coalitions {
  readonly count: number;
  readonly players: number;
  /** [count × players] */
  readonly members: Uint8Array;
}

/** Features of a row that differ from the background in at least one of its rows: all others get exactly 0. */
export function playersOf(row: Float64Array, { rows }: Population): Int32Array {
  const players: number[] = [];
  row.forEach((value, feature) => {
    if (rows.some((other) => !Object.is(other[feature], value) && other[feature] !== value))
      players.push(feature);
  });
  return Int32Array.from(players);
}

/**
 * Worth of each coalition: the weighted mean over the background of the prediction for the row's values inside the
 * coalition and the background's outside. Asks for count × background rows.
 *
 * @returns [count × outputs]
 */
export async function worthsOf(
  session: Session,
  outputs: number,
  row: Float64Array,
  population: Population,
  players: Int32Array,
  { count, members }: Coalitions,
): Promise<Float64Array> {
  const { rows: others, weights, features } = population;
  const worths = new Float64Array(count * outputs);
  const size = others.length;
  await session.ask({
    rows: count * size,
    width: features,
    write: (mixed, index) => {
      const coalition = Math.floor(index / size);
      mixed.set(others[index - coalition * size] as Float64Array);
      const first = coalition * players.length;
      for (let player = 0; player < players.length; player++) {
        if (members[first + player] === 0) continue;
        const feature = players[player] as number;
        mixed[feature] = row[feature] as number;
      }
    },
    read: ({ values }, first, asked) => {
      for (let i = 0; i < asked; i++) {
        const coalition = Math.floor((first + i) / size);
        const weight = weights[first + i - coalition * size] as number;
        for (let output = 0; output < outputs; output++) {
          const place = coalition * outputs + output;
          worths[place] =
            (worths[place] as number) + weight * (values[i * outputs + output] as number);
        }
      }
    },
  });
  return worths;
}
