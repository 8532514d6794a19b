import { constants } from 'node:fs';
import { lstat, open, opendir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, makeDirectories, syncDirectory, writeFileDurably } from '@showcause/core/node';
import { CouldNotCheck } from '@showcause/verify';
import type { NameKind, StoredFile, StoredLog, StoredName, WriteDerived } from '@showcause/verify';

/** What of `Stats` and `Dirent` tells the kind of a name. */
interface Kinded {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

export interface StoredFolder extends StoredLog {
  write: WriteDerived;
}

/**
 * A published log as a folder. Its root may be reached through a link; below it none is followed, so that nothing
 * outside is read or written.
 * @throws {CouldNotCheck} `VERIFY_READ` when it is no folder
 */
export async function openStoredFolder(root: string): Promise<StoredFolder> {
  await openRoot(root);
  const folders = new Set<string>();
  return {
    async read(path, most) {
      try {
        const above = await firstNoFolder(root, dirname(path), folders);
        if (above !== null) return above;
        return await readPlain(join(root, path), path, most);
      } catch (error) {
        return { state: 'unread', got: systemCode(error) };
      }
    },
    list: (folder, enter) => names(root, folder, enter),
    remarks: () => [],
    async write(path, bytes) {
      const parent = dirname(path);
      const above = await firstNoFolder(root, parent, folders);
      if (above !== null && above.state !== 'missing')
        throw Object.assign(new Error('no plain folder above it'), { code: 'ELOOP' });
      if (above !== null) makeFolders(root, parent);
      writeFileDurably(join(root, path), bytes);
    },
  };
}

async function openRoot(root: string): Promise<void> {
  try {
    const dir = await opendir(root);
    await dir.close();
  } catch (error) {
    throw new CouldNotCheck('VERIFY_READ', `${root} (${systemCode(error)})`);
  }
}

/** Null when every folder of a path is one. @param known  folders that were looked at before */
async function firstNoFolder(
  root: string,
  folder: string,
  known: Set<string>,
): Promise<Exclude<StoredFile, { state: 'bytes' }> | null> {
  if (folder === '.' || known.has(folder)) return null;
  const above = await firstNoFolder(root, dirname(folder), known);
  if (above !== null) return above;
  const kind = await kindAt(join(root, folder));
  if (kind === null) return { state: 'missing' };
  if (kind === 'folder') {
    known.add(folder);
    return null;
  }
  return notPlain(folder, kind, 'a folder');
}

async function readPlain(file: string, path: string, most: number): Promise<StoredFile> {
  const kind = await kindAt(file);
  if (kind === null) return { state: 'missing' };
  if (kind !== 'file') return notPlain(path, kind, 'a plain file');
  let handle: FileHandle | null = null;
  try {
    // It may have been exchanged for a link or a pipe since.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) return notPlain(path, kindOf(stat), 'a plain file');
    if (stat.size > most)
      return {
        state: 'refused',
        at: path,
        code: 'FSCK_LENGTH',
        got: `${stat.size} bytes`,
        want: `at most ${most}`,
      };
    return { state: 'bytes', bytes: await readAll(handle, stat.size) };
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' };
    throw error;
  } finally {
    await handle?.close();
  }
}

async function readAll(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(bytes, at, size - at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

async function* names(
  root: string,
  folder: string,
  enter: (path: string) => boolean,
): AsyncGenerator<StoredName> {
  let dir;
  try {
    // The root was opened before; a link below it is told by whoever lists what it lies in.
    if (folder !== '' && (await kindAt(join(root, folder))) !== 'folder') return;
    dir = await opendir(join(root, folder));
  } catch (error) {
    if (isMissing(error)) return;
    throw new CouldNotCheck('VERIFY_READ', `${folder || root} (${systemCode(error)})`);
  }
  for await (const entry of dir) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const kind = kindOf(entry);
    yield { path, kind };
    if (kind === 'folder' && enter(path)) yield* names(root, path, enter);
  }
}

/** Folders that are missing below the root, their names made durable. */
function makeFolders(root: string, folder: string): void {
  makeDirectories(join(root, folder));
  for (let at = folder; at !== '.'; at = dirname(at)) syncDirectory(join(root, dirname(at)));
}

async function kindAt(path: string): Promise<NameKind | null> {
  try {
    return kindOf(await lstat(path));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function kindOf(stat: Kinded): NameKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isFIFO()) return 'pipe';
  return stat.isSocket() ? 'socket' : 'device';
}

function notPlain(
  at: string,
  kind: NameKind,
  want: string,
): Extract<StoredFile, { state: 'refused' }> {
  const got = kind === 'link' ? 'a symbolic link' : `a ${kind}`;
  return { state: 'refused', at, code: 'FSCK_NOT_PLAIN', got, want };
}

function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unreadable';
}
