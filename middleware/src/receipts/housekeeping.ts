import {
  SPOOL_MESSAGE,
  TreeFrontier,
  fromHex,
  isJsonObject,
  parseJson,
  toHex,
} from '@showcause/core';
import type { Checkpoint, Hash } from '@showcause/core';
import { codeOf } from '../decision.ts';
import type { Disk } from '../spool/disk.ts';
import { segmentNames } from '../spool/inspect.ts';
import { epochInName } from '../spool/recovery.ts';
import { readRemoved, writeRemoved } from '../spool/removed.ts';
import { readEpochState } from '../spool/state.ts';
import type { LogScan } from './log-scan.ts';
import { SpoolLeaves } from './spool-leaves.ts';
import type { ReadSegment } from './spool-leaves.ts';

/** When a segment may go. It never goes before the log includes every message in it. */
export interface KeepSegments {
  /** since it was last written */
  days: number;
  /** nothing goes while the spool is smaller */
  bytes: number;
}

export interface HousekeepingStatus {
  /** segments that went since the spool was begun */
  removed: number;
  /** code of why the log could not be used at the last look, or null */
  failing: string | null;
}

/** Takes old segments from a spool that has grown large. */
export interface Housekeeping {
  status(): HousekeepingStatus;
  /** One look, also between those that come by themselves. Never rejects. */
  look(): Promise<void>;
  /** From here on nothing is removed or written, a look under way included. */
  close(): void;
}

export interface HousekeepingParts {
  disk: Disk;
  dir: string;
  logId: Hash;
  keep: KeepSegments;
  /** a scan of the log that begins at this tree */
  scan: (from: TreeFrontier) => LogScan;
  /** Unix ms */
  now: () => number;
  onFailure: (code: string) => void;
  /** how many leaves are looked for at once; 250,000 by default */
  mostMissing?: number;
}

const STATE = 'included.json';
const LOOK_EVERY_MS = 600_000;
const DAY_MS = 86_400_000;
/** Leaves that are looked for at once: some 100 bytes each. */
const MAX_MISSING = 250_000;

/** A spool from which nothing is ever taken. */
export const keepsEverything: Housekeeping = {
  status: () => ({ removed: 0, failing: null }),
  look: () => Promise.resolve(),
  close: () => undefined,
};

export function startHousekeeping(parts: HousekeepingParts): Housekeeping {
  const keeper = new Housekeeper(parts);
  let running = Promise.resolve();
  const look = (): Promise<void> => (running = running.then(() => keeper.look()));
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    status: () => keeper.status,
    look,
    close() {
      keeper.isClosed = true;
      clearInterval(timer);
    },
  };
}

class Housekeeper {
  isClosed = false;
  readonly #parts: HousekeepingParts;
  /** made at the first look that finds the spool too large; given up after a failure */
  #follow: { scan: LogScan; leaves: SpoolLeaves; since: Map<ReadSegment, TreeFrontier> } | null =
    null;
  #included: Included;
  #removed: number;
  #failing: string | null = null;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
    this.#included = readIncluded(parts.disk.read(`${parts.dir}/${STATE}`));
    this.#removed = readRemoved(parts.disk, parts.dir)?.segments ?? 0;
  }

  get status(): HousekeepingStatus {
    return { removed: this.#removed, failing: this.#failing };
  }

  async look(): Promise<void> {
    if (this.isClosed) return;
    try {
      if (this.#excess() > 0 && this.#mayFree()) {
        await this.#followLog();
        if (!this.isClosed) this.#removeOld();
      }
      this.#failing = null;
    } catch (error) {
      this.#follow = null;
      this.#failing = codeOf(error);
      this.#parts.onFailure(this.#failing);
    }
  }

  #excess(): number {
    const { disk, dir, keep } = this.#parts;
    return segmentNames(disk, dir).reduce(
      (sum, name) => sum + disk.size(`${dir}/${name}`),
      -keep.bytes,
    );
  }

  /** Whether the oldest segment is old enough: else nothing is read for nothing. */
  #mayFree(): boolean {
    const [oldest] = segmentNames(this.#parts.disk, this.#parts.dir);
    return oldest !== undefined && this.#isOld(oldest);
  }

  #isOld(name: string): boolean {
    const { disk, dir, keep, now } = this.#parts;
    const written = disk.modified(`${dir}/${name}`);
    return written !== null && now() - written >= keep.days * DAY_MS;
  }

  /** Finds out which segments a signed head includes whole. */
  async #followLog(): Promise<void> {
    const { disk, dir, logId, scan: open } = this.#parts;
    this.#follow ??= {
      scan: open(this.#included.tree),
      leaves: new SpoolLeaves(disk, dir, {
        logId,
        wants: (type, name) => type === SPOOL_MESSAGE && !this.#included.segments.has(name),
      }),
      since: new Map(),
    };
    const { scan, leaves } = this.#follow;
    const head = await scan.head();
    for (;;) {
      // After the head: whatever it includes was in the spool before.
      const isWhole = await leaves.read(this.#parts.mostMissing ?? MAX_MISSING);
      const isAtHead = await this.#readOn(head, isWhole);
      if (this.isClosed) return;
      this.#keep();
      if (isAtHead) return;
    }
  }

  /** @returns whether the head was reached */
  async #readOn(head: Checkpoint, isWhole: boolean): Promise<boolean> {
    const { scan, leaves, since } = this.#follow!;
    const before = scan.tree;
    const found: Hash[] = [];
    await scan.read(head, (tile) => {
      for (const [i, leaf] of tile.entries()) {
        // Entries that are not read yet lie behind those that are: a producer's order is kept.
        if (this.isClosed || (!isWhole && found.length >= leaves.missing)) return i;
        if (leaves.has(leaf)) found.push(leaf);
      }
      return tile.length;
    });
    for (const leaf of found) {
      const segment = leaves.take(leaf);
      if (segment !== null && !since.has(segment)) since.set(segment, before);
    }
    return scan.tree.size === head.size;
  }

  /** Makes durable what is known: after a restart the log is read from where the oldest open segment begins in it. */
  #keep(): void {
    const { scan, leaves, since } = this.#follow!;
    const segments = new Map<string, number>();
    let tree = scan.tree;
    for (const segment of leaves.segments.values()) {
      const { name, at } = segment;
      const isKnown = this.#included.segments.get(name) === at;
      if (isKnown || this.#isIncluded(segment)) segments.set(name, at);
      else {
        const first = since.get(segment);
        if (first !== undefined && first.size < tree.size) tree = first;
      }
    }
    this.#included = { tree, segments };
    const { disk, dir } = this.#parts;
    const state = {
      size: tree.size,
      peaks: tree.peaks().map(toHex),
      segments: [...segments],
    };
    disk.replace(`${dir}/${STATE}`, `${JSON.stringify(state)}\n`);
  }

  /** Final, read to its end, and every message found under a signed head. */
  #isIncluded(segment: ReadSegment): boolean {
    const { disk, dir } = this.#parts;
    if (segment.damage !== null || segment.missing > 0 || segment.end === null) return false;
    return this.#isFinal(segment) && segment.at === disk.size(`${dir}/${segment.name}`);
  }

  /** Never the newest of a folder, nor of an epoch that a start would read again. */
  #isFinal({ name, epoch }: ReadSegment): boolean {
    const { disk, dir } = this.#parts;
    const names = segmentNames(disk, dir);
    const next = names[names.indexOf(name) + 1];
    if (next === undefined) return false;
    const { settled } = readEpochState(disk, dir);
    return epoch < settled || epochInName(next) === epoch;
  }

  /** From the oldest on, and each is noted before it goes: `spool verify` must know why a stream begins late. */
  #removeOld(): void {
    const { disk, dir } = this.#parts;
    const { leaves } = this.#follow!;
    for (const name of segmentNames(disk, dir)) {
      const segment = leaves.segments.get(name);
      if (segment === undefined || segment.end === null || this.#excess() <= 0) return;
      const isIncluded = this.#included.segments.get(name) === segment.at;
      if (!isIncluded || !this.#isFinal(segment) || !this.#isOld(name)) return;
      const before = readRemoved(disk, dir) ?? { segments: 0, bytes: 0 };
      writeRemoved(disk, dir, {
        end: segment.end,
        segments: before.segments + 1,
        bytes: before.bytes + segment.at,
      });
      disk.remove(`${dir}/${name}`);
      disk.syncDirectory(dir);
      leaves.segments.delete(name);
      this.#removed = before.segments + 1;
    }
  }
}

interface Included {
  /** every leaf before it was compared with the spool */
  tree: TreeFrontier;
  /** segments that a signed head includes whole: their names and how long they are */
  segments: ReadonlyMap<string, number>;
}

/** Derived: what cannot be read is found out again. */
function readIncluded(bytes: Uint8Array | null): Included {
  const nothing = { tree: TreeFrontier.empty(), segments: new Map<string, number>() };
  if (bytes === null) return nothing;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (!isJsonObject(value)) return nothing;
    const { size, peaks, segments } = value;
    if (typeof size !== 'number' || !Array.isArray(peaks) || !Array.isArray(segments))
      return nothing;
    const hashes = (peaks as readonly unknown[]).map((peak) => fromHex(String(peak), 32));
    const known = (segments as readonly (readonly unknown[])[]).map(
      ([name, length]): [string, number] => [String(name), Number(length)],
    );
    return { tree: TreeFrontier.from(size, hashes), segments: new Map(known) };
  } catch {
    return nothing;
  }
}
