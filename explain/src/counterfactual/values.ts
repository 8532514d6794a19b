import { nextBelow, nextBelow64 } from '../numeric/float32.ts';
import type { TreeModel } from '../model/tree-model.ts';

/** Casts a value as the model does before it compares. */
export type Cast = (value: number) => number;

/** Multiples of `step`, or all numbers of the model's type, between two bounds. */
export interface Admissible {
  readonly min: number;
  readonly max: number;
  readonly step: number | null;
  readonly cast: Cast;
  /** neighbours of a number in the type that the model compares in */
  readonly up: (value: number) => number;
  readonly down: (value: number) => number;
}

/** Multiples beyond this are no longer told apart. */
const MOST_STEPS = 2 ** 52;

/** The least admissible value whose cast lies above `bound`; infinite bounds stay open. NaN: there is none. */
export function leastAbove(bound: number, values: Admissible): number {
  const { min, max, step, cast } = values;
  const start = Math.max(bound, min);
  if (start === -Infinity) return -Infinity;
  const isAbove = (value: number): boolean => value >= min && cast(value) > bound;
  const value =
    step === null
      ? neighbour(start, isAbove, values.up)
      : multiple(lastCount(start / step, (count) => !isAbove(multiple(count, step))) + 1, step);
  return value <= max ? value : NaN;
}

/** The greatest admissible value whose cast is at most `bound`. NaN: there is none. */
export function greatestUpTo(bound: number, values: Admissible): number {
  const { min, max, step, cast } = values;
  const start = Math.min(bound, max);
  if (start === Infinity) return Infinity;
  const isUpTo = (value: number): boolean => value <= max && cast(value) <= bound;
  const value =
    step === null
      ? neighbour(start, isUpTo, values.down)
      : multiple(
          lastCount(start / step, (count) => isUpTo(multiple(count, step))),
          step,
        );
  return value >= min ? value : NaN;
}

/** The first of a number and its neighbours that will do: the type's own numbers are next to the bound. */
function neighbour(
  start: number,
  does: (value: number) => boolean,
  next: (value: number) => number,
): number {
  let value = start;
  for (let tries = 0; tries < 6; tries++, value = next(value)) if (does(value)) return value;
  return NaN;
}

/**
 * The last whole number for which `does` holds, which it does up to there and not beyond: many multiples may lie within
 * one number of the type that the model compares in. NaN: none within what is told apart.
 */
function lastCount(near: number, does: (count: number) => boolean): number {
  let low = Math.floor(near);
  for (let width = 1; !does(low); width *= 2) {
    low -= width;
    if (low < -MOST_STEPS) return NaN;
  }
  let high = low + 1;
  for (let width = 1; does(high); width *= 2) {
    low = high;
    high += width;
    if (high > MOST_STEPS) return NaN;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (does(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** 3 · 0.1 as 0.3. */
function multiple(count: number, step: number): number {
  if (Math.abs(count) > MOST_STEPS) return NaN;
  const value = count * step;
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

/** How a model's own library sees a number before it compares, and what lies next to one. */
export function comparedBy(
  model: Pick<TreeModel, 'compares' | 'zeroWithin'>,
): Pick<Admissible, 'cast' | 'up' | 'down'> {
  const { zeroWithin } = model;
  if (model.compares === 'float32')
    return { cast: Math.fround, up: (value) => -nextBelow(-value), down: nextBelow };
  const up = (value: number): number =>
    Math.abs(value) <= zeroWithin ? -nextBelow64(-zeroWithin) : -nextBelow64(-value);
  return {
    cast: (value) => (Math.abs(value) <= zeroWithin ? 0 : value),
    up,
    down: (value) => -up(-value),
  };
}
