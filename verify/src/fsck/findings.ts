import type { TileCoordinate } from '@showcause/core';
import type { FsckCode } from './errors.ts';
import { placeOf } from './places.ts';
import type { StoredFile } from './ports.ts';

/**
 * `derived`: a function of the entries, so that it can be made again. `primary`: entries, checkpoint, evidence, which
 * nothing else here holds. `foreign`: no part of a log.
 */
export type DataKind = 'primary' | 'derived' | 'foreign';

export interface FsckFinding {
  path: string;
  /** a warning is no damage; unchecked: it could not be read */
  state: 'damage' | 'unchecked' | 'warning';
  code: FsckCode;
  got: string;
  want: string;
  data: DataKind;
  /** whether `--repair` makes it again: derived, and the entries are confirmed */
  repairable: boolean;
}

export type NewFinding = Omit<FsckFinding, 'repairable' | 'state'> & {
  state?: FsckFinding['state'];
};

/** Findings that one report holds; more are counted. */
export const MAX_FINDINGS = 10_000;

/** One finding of damage a path, the first: what follows from it is not told again. */
export class FindingList {
  readonly #byKey = new Map<string, NewFinding>();
  #more = 0;
  #damage = false;
  #unchecked = false;

  add(finding: NewFinding): void {
    const key = finding.state === 'warning' ? `${finding.path} ${finding.got}` : finding.path;
    if (this.#byKey.has(key)) return;
    this.#damage ||= (finding.state ?? 'damage') === 'damage';
    this.#unchecked ||= finding.state === 'unchecked';
    if (this.#byKey.size < MAX_FINDINGS) this.#byKey.set(key, finding);
    else this.#more++;
  }

  has(path: string): boolean {
    return this.#byKey.has(path);
  }

  /** Adds why a file gave no bytes. @param want  what it should have been */
  addFailure(
    path: string,
    file: Exclude<StoredFile, { state: 'bytes' }>,
    { want, data }: { want: string; data: DataKind },
  ): void {
    if (file.state === 'missing')
      this.add({ path, code: 'FSCK_MISSING', got: 'nothing', want, data });
    else if (file.state === 'unread')
      this.add({ path, state: 'unchecked', code: 'FSCK_UNREAD', got: file.got, want, data });
    else {
      // A folder above it is the fault of all that lies in it, and none of that can be written again.
      const above = file.at !== path;
      const { at, code, got } = file;
      this.add({ path: at, code, got, want: file.want, data: above ? 'foreign' : data });
    }
  }

  get verdict(): 'sound' | 'damaged' | 'could-not-check' {
    return this.#damage ? 'damaged' : this.#unchecked ? 'could-not-check' : 'sound';
  }

  get more(): number {
    return this.#more;
  }

  /** By path. @param canRepair  whether a derived tile can be made again */
  all(canRepair: (tile: TileCoordinate) => boolean): FsckFinding[] {
    const sorted = [...this.#byKey.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return sorted.map((finding) => {
      const { state = 'damage', data, path } = finding;
      const tile = state === 'damage' && data === 'derived' ? tileAt(path) : null;
      return { ...finding, state, repairable: tile !== null && canRepair(tile) };
    });
  }
}

function tileAt(path: string): TileCoordinate | null {
  const place = placeOf(path);
  return place.kind === 'tile' ? place.tile : null;
}

/** What wrong bytes look like. */
export function described(bytes: Uint8Array): string {
  const encoded = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
  return encoded ? `gzip data of ${bytes.length} bytes` : `${bytes.length} bytes`;
}
