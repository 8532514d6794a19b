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
  const { flat, weights, features } = population;
  const worths = new Float64Array(count * outputs);
  const size = weights.length;
  await session.ask({
    rows: count * size,
    width: features,
    fill: (memory, first, asked) =>
      inRuns(first, asked, size, (coalition, from, to, place) => {
        const start = place * features;
        memory.set(flat.subarray(from * features, to * features), start);
        const end = start + (to - from) * features;
        for (let player = 0; player < players.length; player++) {
          if (members[coalition * players.length + player] === 0) continue;
          const feature = players[player] as number;
          const value = row[feature] as number;
          for (let cell = start + feature; cell < end; cell += features) memory[cell] = value;
        }
      }),
    read: ({ values }, first, asked) =>
      inRuns(first, asked, size, (coalition, from, to, place) => {
        for (let output = 0; output < outputs; output++) {
          let sum = worths[coalition * outputs + output] as number;
          let cell = place * outputs + output;
          for (let other = from; other < to; other++, cell += outputs)
            sum += (weights[other] as number) * (values[cell] as number);
          worths[coalition * outputs + output] = sum;
        }
      }),
  });
  return worths;
}

/** Rows `first` and on of all coalitions with all of the background: background rows `from` to `to` of one at a time. */
function inRuns(
  first: number,
  asked: number,
  size: number,
  visit: (coalition: number, from: number, to: number, place: number) => void,
): void {
  for (let place = 0; place < asked;) {
    const coalition = Math.floor((first + place) / size);
    const from = first + place - coalition * size;
    const to = Math.min(size, from + asked - place);
    visit(coalition, from, to, place);
    place += to - from;
  }
}
