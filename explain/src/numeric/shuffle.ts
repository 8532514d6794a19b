import type { Random } from './random.ts';

/** Puts the numbers in a random order, each order as likely (Fisher-Yates). */
export function shuffle(numbers: Int32Array, random: Random): Int32Array {
  for (let last = numbers.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const value = numbers[last] as number;
    numbers[last] = numbers[other] as number;
    numbers[other] = value;
  }
  return numbers;
}

/** 0 to `length` - 1. */
export function places(length: number): Int32Array {
  const list = new Int32Array(length);
  for (let index = 0; index < length; index++) list[index] = index;
  return list;
}
