import type { FsckCode } from './errors.ts';

/** What lies at a path. Nothing of it is trusted. */
export type StoredFile =
  | { state: 'bytes'; bytes: Uint8Array }
  | { state: 'missing' }
  /** Something is there that is not taken for the file: at the path itself, or at a folder above it. */
  | { state: 'refused'; at: string; code: FsckCode; got: string; want: string }
  /** Disk or network failed. */
  | { state: 'unread'; got: string };

export type NameKind = 'file' | 'folder' | 'link' | 'pipe' | 'socket' | 'device';

/** A name below the root of a published log; parts are joined by `/`. */
export interface StoredName {
  path: string;
  kind: NameKind;
}

/** How answers looked that were right otherwise, once for each kind of remark. */
export interface Remark {
  path: string;
  code: FsckCode;
  got: string;
  want: string;
  /** answers it is true of */
  count: number;
}

/**
 * Everything stored of a published log: a folder, or an address.
 * @throws {CouldNotCheck} from any member when there is no use in going on: no such folder, no server, no permission
 */
export interface StoredLog {
  /** A whole file of at most `most` bytes. Links are not followed. */
  read(path: string, most: number): Promise<StoredFile>;
  /**
   * Every name below a folder; a folder comes before what is in it. Nothing where the folder is not there; null where
   * names cannot be listed, as over HTTP.
   * @param enter  whether to list what is in this folder too
   */
  list: ((folder: string, enter: (path: string) => boolean) => AsyncIterable<StoredName>) | null;
  remarks(): readonly Remark[];
}

/** Replaces a file so that after a crash it holds the old or the new bytes, and returns when it is durable. */
export type WriteDerived = (path: string, bytes: Uint8Array) => Promise<void>;
