import { createHash } from 'node:crypto';

/** Draws that follow from a seed alone: SHA-256 of seed and counter. Not for secrets. */
export class Draw {
  readonly #seed: string;
  #count = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** 0 <= x < 1 */
  number(): number {
    return digest(`${this.#seed}/${this.#count++}`).readUIntBE(0, 6) / 2 ** 48;
  }

  /** `least` to `most`, both included */
  whole(least: number, most: number): number {
    return least + Math.floor(this.number() * (most - least + 1));
  }

  one<T>(list: readonly T[]): T {
    const chosen = list[Math.floor(this.number() * list.length)];
    if (chosen === undefined) throw new RangeError('got an empty list');
    return chosen;
  }
}

/** The n-th seed below another: 16 hex digits. */
export function seedBelow(seed: string, n: number): string {
  return digest(`${seed}#${n}`).toString('hex').slice(0, 16);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
