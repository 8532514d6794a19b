import type { Disk, DiskFile } from './disk.ts';

/** Where a fault may be put: throw from it to fail the call. */
export interface DiskFaults {
  onWrite?: (path: string, bytes: number) => void;
  onDatasync?: (path: string) => void;
}

/** A disk in memory: for tests and trials, durable as long as the process. */
export interface MemoryDisk extends Disk {
  readonly files: Map<string, Uint8Array>;
  /** when each file was last written, Unix ms */
  readonly times: Map<string, number>;
  readonly faults: DiskFaults;
  filesystem: number;
  /** bytes that are free, as far as anybody asks; writes do not take from it */
  free: number;
}

export function memoryDisk(): MemoryDisk {
  const files = new Map<string, Uint8Array>();
  const times = new Map<string, number>();
  const faults: DiskFaults = {};
  const need = (path: string): Uint8Array => {
    const bytes = files.get(path);
    if (bytes === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    return bytes;
  };
  const disk: MemoryDisk = {
    files,
    times,
    faults,
    filesystem: 0xef53,
    free: 2 ** 40,
    makeDirectory: () => undefined,
    list(dir) {
      const within = [...files.keys()].filter((path) => path.startsWith(`${dir}/`));
      return [...new Set(within.map((path) => path.slice(dir.length + 1).split('/')[0]!))].sort();
    },
    read: (path) => files.get(path) ?? null,
    readAt: (path, position, length) => need(path).slice(position, position + length),
    size: (path) => need(path).length,
    modified: (path) => (files.has(path) ? (times.get(path) ?? 0) : null),
    create(path) {
      if (files.has(path))
        throw Object.assign(new Error(`file ${path} is there`), { code: 'EEXIST' });
      files.set(path, new Uint8Array(0));
      return memoryFile(disk, path);
    },
    open(path) {
      need(path);
      return memoryFile(disk, path);
    },
    replace(path, bytes) {
      files.set(path, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice());
      times.set(path, Date.now());
    },
    rename(from, to) {
      files.set(to, need(from));
      times.set(to, times.get(from) ?? 0);
      files.delete(from);
    },
    link(from, to) {
      if (files.has(to)) return false;
      files.set(to, need(from));
      times.set(to, times.get(from) ?? 0);
      return true;
    },
    remove: (path) => void files.delete(path),
    syncDirectory: () => undefined,
    filesystemType: () => disk.filesystem,
    freeBytes: () => disk.free,
  };
  return disk;
}

/** The content of a file, whatever its names are. Grows by doubling, so that appending stays linear. */
interface Content {
  store: Uint8Array;
  length: number;
}

/** Of each buffer that an open file writes to: who opens the file again shares its content. */
const contents = new WeakMap<ArrayBufferLike, Content>();

function contentOf(disk: MemoryDisk, path: string): Content {
  const bytes = disk.files.get(path)!;
  const known = contents.get(bytes.buffer);
  if (known !== undefined) return known;
  const content = { store: bytes.slice(), length: bytes.length };
  contents.set(content.store.buffer, content);
  disk.files.set(path, content.store);
  return content;
}

/** Shows what was written under every name that the file has by now: it may have been renamed or linked, or be gone. */
function publish(disk: MemoryDisk, content: Content, before: ArrayBufferLike): void {
  contents.set(content.store.buffer, content);
  for (const [name, bytes] of disk.files)
    if (bytes.buffer === before) {
      disk.files.set(name, content.store.subarray(0, content.length));
      disk.times.set(name, Date.now());
    }
}

function grown({ store, length }: Content, end: number): Uint8Array {
  if (end <= store.length) return store;
  const larger = new Uint8Array(Math.max(end, 2 * store.length));
  larger.set(store.subarray(0, length));
  return larger;
}

function memoryFile(disk: MemoryDisk, path: string): DiskFile {
  const content = contentOf(disk, path);
  return {
    write(bytes, position) {
      disk.faults.onWrite?.(path, bytes.length);
      const before = content.store.buffer;
      content.store = grown(content, position + bytes.length);
      content.store.set(bytes, position);
      content.length = Math.max(content.length, position + bytes.length);
      publish(disk, content, before);
    },
    datasync: () => disk.faults.onDatasync?.(path),
    datasyncLater(done) {
      setImmediate(() => {
        try {
          disk.faults.onDatasync?.(path);
        } catch (error) {
          return done(error);
        }
        done(null);
      });
    },
    truncate(to) {
      content.length = Math.min(content.length, to);
      publish(disk, content, content.store.buffer);
    },
    isAt: (at) => disk.files.get(at)?.buffer === content.store.buffer,
    close: () => undefined,
  };
}
