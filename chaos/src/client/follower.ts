import { TILE_WIDTH, decodeEntryBundle, openCheckpoint, parseVkey, toHex } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { directoryLog } from '@showcause/core/node';
import type { LogReader } from '@showcause/core/node';
import { LogJudge } from '../judge.ts';
import type { SeenHead } from '../judge.ts';

const MOST_WRONG = 20;

/** Entries `from` to `size` of a published log. */
export async function* entriesFrom(
  log: LogReader,
  from: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index++) {
    const first = index * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, size - first);
    const entries = decodeEntryBundle(await log.tile({ level: 'entries', index, width }), width);
    yield* entries.slice(Math.max(0, from - first));
  }
}

/** Reads the log as it grows and keeps every signed head that it saw. */
export class Follower {
  readonly judge = new LogJudge();
  readonly #heads = new Map<number, SeenHead & { at: number }>();
  readonly #wrong: string[] = [];
  readonly #dir: string;
  readonly #log: LogReader;
  readonly #policy: TrustPolicy;

  constructor(dir: string, policy: TrustPolicy) {
    this.#dir = dir;
    this.#log = directoryLog(dir);
    this.#policy = policy;
  }

  /** every head seen, smallest first */
  get heads(): SeenHead[] {
    return this.headsBefore(Infinity);
  }

  /** @param moment  Unix ms */
  headsBefore(moment: number): SeenHead[] {
    return [...this.#heads.values()]
      .filter(({ at }) => at < moment)
      .sort((a, b) => a.size - b.size);
  }

  /** Unix ms at which a signed head was first seen that covers this leaf; null: not yet */
  coveredAt(leaf: string): number | null {
    const index = this.judge.indexOf(leaf);
    if (index === undefined) return null;
    const heads = [...this.#heads.values()].filter(({ size }) => size > index);
    return heads.length === 0 ? null : Math.min(...heads.map(({ at }) => at));
  }

  /** what was wrong with a head when it was seen */
  get wrong(): readonly string[] {
    return this.#wrong;
  }

  /** Something served that does not verify. */
  refute(what: string): void {
    if (this.#wrong.length < MOST_WRONG && !this.#wrong.includes(what)) this.#wrong.push(what);
  }

  get dir(): string {
    return this.#dir;
  }

  /** Looks once. @returns whether the log has grown */
  async look(): Promise<boolean> {
    const { size, root } = openCheckpoint(
      await this.#log.checkpoint(),
      this.#policy.origin,
      this.#policy.logKeys.map(parseVkey),
    );
    const newest = this.heads.at(-1);
    const before = this.#heads.get(size);
    if (before !== undefined && toHex(before.root) !== toHex(root))
      this.#wrong.push(`two heads of size ${size}`);
    if (newest !== undefined && size < newest.size)
      this.#wrong.push(`a head of ${size} after one of ${newest.size}`);
    if (before !== undefined || size <= this.judge.size) return false;
    // A bundle that is gone has been replaced: the next look finds the larger one.
    for await (const entry of entriesFrom(this.#log, this.judge.size, size)) this.judge.add(entry);
    this.#heads.set(size, { size, root, at: Date.now() });
    this.judge.head({ size, root });
    return true;
  }
}

/** Reads a whole log from its beginning to its newest head, against every head that was ever seen. */
export async function readAgain(
  dir: string,
  policy: TrustPolicy,
  seen: readonly SeenHead[],
): Promise<LogJudge> {
  const log = directoryLog(dir);
  const judge = new LogJudge();
  const newest = openCheckpoint(
    await log.checkpoint(),
    policy.origin,
    policy.logKeys.map(parseVkey),
  );
  const heads = [...seen.filter(({ size }) => size < newest.size), newest];
  for await (const entry of entriesFrom(log, 0, newest.size)) {
    judge.add(entry);
    while (heads[0]?.size === judge.size) judge.head(heads.shift()!);
  }
  for (const head of [...heads, ...seen.filter(({ size }) => size >= newest.size)])
    judge.head(head);
  return judge;
}
