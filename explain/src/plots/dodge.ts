/** Lanes of a row at most: where more dots than this stand within one dot's width, they share lanes in turn. */
export const MOST_LANES = 31;

/**
 * Where dots of a row go so that they are seen. Two dots are at least `diameter` apart in x or stand in different lanes,
 * unless more than `MOST_LANES` stand within one diameter.
 *
 * @param x  pixels, in any order
 * @returns lane of each: 0 in the middle, then 1, -1, 2, -2 and so on
 */
export function lanesOf(x: Float64Array, diameter: number): Int8Array {
  const order = Array.from(x, (_, at) => at).sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0) || a - b);
  const last = new Float64Array(MOST_LANES).fill(-Infinity);
  const lanes = new Int8Array(x.length);
  let turn = 0;
  for (const at of order) {
    const here = x[at] ?? 0;
    let lane = 0;
    while (lane < MOST_LANES && here - (last[lane] ?? 0) < diameter) lane++;
    if (lane === MOST_LANES) lane = turn++ % MOST_LANES;
    last[lane] = here;
    lanes[at] = lane % 2 === 1 ? (lane + 1) / 2 : -lane / 2;
  }
  return lanes;
}

/** Pixels between two lanes: a dot's diameter where all lanes fit, else as many as there is room for. */
export function laneStep(lanes: Int8Array, diameter: number, room: number): number {
  let farthest = 0;
  for (const lane of lanes) farthest = Math.max(farthest, Math.abs(lane));
  return farthest === 0 ? diameter : Math.min(diameter, (room - diameter) / 2 / farthest);
}
