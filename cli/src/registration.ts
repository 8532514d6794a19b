import { randomBytes } from 'node:crypto';

/** What a middleware's producer key may write. */
export const middlewareTypes = [
  'stream',
  'heartbeat',
  'intent',
  'decision',
  'explanation',
  'followup',
  'gap',
] as const;

/** 128 random bits, hex: the `id` of an entry. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}
