import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(8192);
let at = pool.length;

/** 128 random bits in hex, from a pool: one system call for hundreds of them. */
export function randomId(): string {
  const from = take(16);
  const id = pool.toString('hex', from, from + 16);
  pool.fill(0, from, from + 16);
  return id;
}

/** Fills the first `length` bytes of `target`. What was given out is wiped from the pool. */
export function randomInto(target: Uint8Array, length: number): void {
  const from = take(length);
  target.set(pool.subarray(from, from + length));
  pool.fill(0, from, from + length);
}

function take(length: number): number {
  if (at + length > pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += length;
  return at - length;
}
