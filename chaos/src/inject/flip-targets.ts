import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which files of a set-up a target means, below the folder that `showcause init` made. */
const patterns: Readonly<Record<string, RegExp>> = {
  'spool-segment': /^producer\/spool\/[^/]+\.spool$/,
  'spool-epoch': /^producer\/spool\/epoch\.json$/,
  'spool-index': /^producer\/spool\/decisions\.index$/,
  'subject-keys': /^producer\/keys\/subjects-.*\.keys$/,
  'producer-key': /^producer\/keys\/producer\.json$/,
  'producer-entries': /^producer\/keys\/(key|genesis)\.entry$/,
  store: /^service\/store\/log\.sqlite(-wal)?$/,
  'signed-mark': /^service\/store\/signed\.json$/,
  'service-key': /^service\/keys\/[^/]+\.json$/,
  bundle: /^service\/log\/tile\/entries\//,
  tile: /^service\/log\/tile\/\d+\//,
  checkpoint: /^service\/log\/checkpoint$/,
};

/** What `fsck`, `verify log` and `spool verify` look at, and must therefore find. */
export const published: ReadonlySet<string> = new Set(['bundle', 'tile', 'checkpoint']);
export const spooled: ReadonlySet<string> = new Set(['spool-segment']);

export interface Flipped {
  /** below the set-up */
  path: string;
  bit: number;
  byte: number;
  before: number;
  after: number;
}

/** Flips one bit of one of the files that a target means; null when there is none. @param file @param place 0 <= x < 1 */
export function flipIn(
  parties: string,
  target: string,
  { file, place }: { file: number; place: number },
): Flipped | null {
  const files = readdirSync(parties, { recursive: true, encoding: 'utf8' })
    .filter((path) => patterns[target]?.test(path) === true)
    .filter((path) => statSync(join(parties, path)).isFile())
    .filter((path) => statSync(join(parties, path)).size > 0)
    .sort();
  const path = files[Math.floor(file * files.length)];
  if (path === undefined) return null;
  const bytes = readFileSync(join(parties, path));
  const bit = Math.floor(place * bytes.length * 8);
  const byte = Math.floor(bit / 8);
  const before = bytes[byte]!;
  const after = before ^ (1 << (bit % 8));
  bytes[byte] = after;
  writeFileSync(join(parties, path), bytes);
  return { path, bit, byte, before, after };
}

/** Whether the flipped byte is what it was before. */
export function isMended(parties: string, { path, byte, before }: Flipped): boolean {
  try {
    return readFileSync(join(parties, path))[byte] === before;
  } catch {
    return false;
  }
}

/** Puts the flipped byte back, where it is still the flipped one. */
export function restore(parties: string, { path, byte, before, after }: Flipped): void {
  const file = join(parties, path);
  if (!existsSync(file)) return;
  const bytes = readFileSync(file);
  if (bytes[byte] !== after) return;
  bytes[byte] = before;
  writeFileSync(file, bytes);
}
