import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import {
  filesystemOf,
  isMissing,
  makeDirectories,
  syncDirectory,
  writeFileDurably,
} from '@showcause/core/node';

/** An open file. Positions are bytes from its start. */
export interface DiskFile {
  /** All of `bytes` at `position`, not yet durable. */
  write(bytes: Uint8Array, position: number): void;
  /** When it returns, everything written is durable. After an error nothing on this file may be believed. */
  datasync(): void;
  /** The same without waiting: null when durable, else why not. */
  datasyncLater(done: (error: unknown) => void): void;
  truncate(length: number): void;
  /** Whether the path still names this very file: while it is open, no other can take its identity. */
  isAt(path: string): boolean;
  close(): void;
}

/** The disk as the spool and the key store see it. Synchronous: the caller is a thread of its own. */
export interface Disk {
  makeDirectory(dir: string): void;
  list(dir: string): string[];
  /** null when there is no such file */
  read(path: string): Uint8Array | null;
  /** Up to `length` bytes from `position`; shorter at the file's end. */
  readAt(path: string, position: number, length: number): Uint8Array;
  size(path: string): number;
  /** When the file was last written, ms by the file system's clock; null when there is no such file. */
  modified(path: string): number | null;
  /** A new file, mode 0600. Throws EEXIST when it is there. */
  create(path: string): DiskFile;
  open(path: string): DiskFile;
  /** Old or new bytes after a crash, never a mix; durable on return. */
  replace(path: string, bytes: Uint8Array | string): void;
  rename(from: string, to: string): void;
  /** A second name for a file; false when that name is taken. Decides for one alone of all who try. */
  link(from: string, to: string): boolean;
  remove(path: string): void;
  /** Makes new and renamed names in `dir` durable. */
  syncDirectory(dir: string): void;
  /** `f_type` of statfs(2). */
  filesystemType(dir: string): number;
  /** Bytes that this user may still write to the file system of `dir`. */
  freeBytes(dir: string): number;
}

class NodeDiskFile implements DiskFile {
  readonly #fd: number;
  #identity: { dev: bigint; ino: bigint } | null = null;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.length;)
      at += writeSync(this.#fd, bytes, at, bytes.length - at, position + at);
  }
  datasync(): void {
    fdatasyncSync(this.#fd);
  }
  datasyncLater(done: (error: unknown) => void): void {
    fdatasync(this.#fd, done);
  }
  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
  }
  isAt(path: string): boolean {
    this.#identity ??= fstatSync(this.#fd, { bigint: true });
    const named = statSync(path, { bigint: true, throwIfNoEntry: false });
    return named?.ino === this.#identity.ino && named.dev === this.#identity.dev;
  }
  close(): void {
    closeSync(this.#fd);
  }
}

/** The real one. */
export const nodeDisk: Disk = {
  makeDirectory: (dir) => makeDirectories(dir, 0o700),
  list: (dir) => (existsSync(dir) ? readdirSync(dir).sort() : []),
  read(path) {
    try {
      const bytes = readFileSync(path);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },
  readAt(path, position, length) {
    const fd = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(length);
      let at = 0;
      for (let read = -1; read !== 0 && at < length; at += read)
        read = readSync(fd, bytes, at, length - at, position + at);
      return bytes.subarray(0, at);
    } finally {
      closeSync(fd);
    }
  },
  size: (path) => statSync(path).size,
  modified: (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null,
  create: (path) => new NodeDiskFile(openSync(path, 'wx+', 0o600)),
  open: (path) => new NodeDiskFile(openSync(path, 'r+')),
  replace: (path, bytes) => writeFileDurably(path, bytes, 0o600),
  rename: (from, to) => renameSync(from, to),
  link(from, to) {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  },
  remove: (path) => unlinkSync(path),
  syncDirectory,
  filesystemType: (dir) => statfsSync(dir).type,
  freeBytes(dir) {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  },
};

/** The name of a file system that loses its files with the machine or container, or null. */
export function volatileFilesystem(disk: Disk, dir: string): string | null {
  const { name, kind } = filesystemOf(disk.filesystemType(dir));
  return kind === 'volatile' ? name : null;
}
