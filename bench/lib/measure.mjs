// Contestants take many short turns in every round, so that whatever else the machine does falls on all of them; a ratio
// is taken within each round and only then the median.

const TURNS_PER_ROUND = 10;

/**
 * @typedef {object} BenchRow
 * @property {string} name
 * @property {string} unit
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number} rounds
 * @property {{ name: string, ratio: number, min: number, max: number }[]} [ratioTo] this row's value over those rows', round by round: median and spread
 *
 * @typedef {object} BenchBar
 * @property {string} name
 * @property {string} want
 * @property {string} got
 * @property {boolean} holds
 *
 * @typedef {object} BenchOptions
 * @property {number} rounds
 * @property {number | null} entries  null: the bench's own default, as of the next two
 * @property {number | null} seconds
 * @property {number | null} curve
 * @property {string | null} only  part of a contestant's name: the others are left out
 *
 * @typedef {{ rows: BenchRow[], bars: BenchBar[], parameters?: object }} BenchResult
 *
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => unknown} run one turn, synchronous or not
 * @property {string[]} [against] names of the contestants that it is compared with
 */

/** @param {string | null} only  @returns {(name: string) => boolean} whether a contestant takes part */
export function wantedBy(only) {
  return (name) => only === null || name.toLowerCase().includes(only.toLowerCase());
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that a share `q` of all is at most. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

/** A list that begins one place later each turn, so that no one always goes first. */
export function inTurn(list, turn) {
  return list.map((_, i) => list[(i + turn) % list.length]);
}

/**
 * Lets all contestants take turns, after three each to warm up; who begins changes from turn to turn.
 * @param {Contestant[]} contestants
 * @param {{ rounds: number }} options
 * @returns {Promise<Map<string, number[]>>} by contestant, for each round, milliseconds of a turn
 */
export async function takeTurns(contestants, { rounds }) {
  const times = new Map(contestants.map(({ name }) => [name, Array(rounds).fill(0)]));
  for (let i = 0; i < 3; i++) for (const { run } of contestants) await run();
  for (let turn = 0; turn < rounds * TURNS_PER_ROUND; turn++) {
    const round = Math.floor(turn / TURNS_PER_ROUND);
    for (const { name, run } of inTurn(contestants, turn)) {
      const start = performance.now();
      await run();
      times.get(name)[round] += (performance.now() - start) / TURNS_PER_ROUND;
    }
  }
  return times;
}

/**
 * Rates: how many of `count` things a turn did in a second.
 * @param {Contestant[]} contestants
 * @param {{ rounds: number, count: number, unit: string }} options
 * @returns {Promise<BenchRow[]>}
 */
export async function rates(contestants, { rounds, count, unit }) {
  const times = await takeTurns(contestants, { rounds });
  const values = new Map([...times].map(([name, ms]) => [name, ms.map((t) => (1000 * count) / t)]));
  return contestants.map((contestant) => row(contestant, values, unit));
}

/**
 * Times of one thing in microseconds, `count` of them a turn.
 * @param {Contestant[]} contestants
 * @param {{ rounds: number, count: number }} options
 * @returns {Promise<BenchRow[]>}
 */
export async function times(contestants, { rounds, count }) {
  const all = await takeTurns(contestants, { rounds });
  const values = new Map([...all].map(([name, ms]) => [name, ms.map((t) => (1000 * t) / count)]));
  return contestants.map((contestant) => row(contestant, values, 'us'));
}

function row({ name, against = [] }, values, unit) {
  return rowOf(
    name,
    unit,
    values.get(name),
    against.map((other) => [other, values.get(other)]),
  );
}

/**
 * @param {string} name
 * @param {string} unit
 * @param {number[]} mine one value a round
 * @param {[name: string, values: number[]][]} [against] compared round by round
 * @returns {BenchRow}
 */
export function rowOf(name, unit, mine, against = []) {
  const ratioTo = against.map(([other, values]) => {
    const ratios = mine.map((value, i) => value / values[i]);
    return {
      name: other,
      ratio: median(ratios),
      min: Math.min(...ratios),
      max: Math.max(...ratios),
    };
  });
  return {
    name,
    unit,
    median: median(mine),
    min: Math.min(...mine),
    max: Math.max(...mine),
    rounds: mine.length,
    ...(ratioTo.length === 0 ? {} : { ratioTo }),
  };
}

/** @param {(got: number) => boolean} holds @returns {BenchBar} */
export function bar(name, want, got, holds) {
  return { name, want, got: got.toFixed(2), holds: holds(got) };
}

/** A bar on a ratio. @returns {BenchBar} */
export function atLeast(name, least, got) {
  return { name, want: `>= ${least}`, got: got.toFixed(2), holds: got >= least };
}

/** @returns {BenchBar} */
export function atMost(name, most, got) {
  return { name, want: `<= ${most}`, got: got.toFixed(2), holds: got <= most };
}

/** How row `name` compares with row `other`. @param {BenchRow[]} rows */
export function ratioOf(rows, name, other) {
  return rows.find((one) => one.name === name).ratioTo.find((one) => one.name === other).ratio;
}
