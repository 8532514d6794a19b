import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TreeFrontier, equalBytes, fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import type { Hash, Json, JsonObject } from '@showcause/core';
import { isMissing, makeDirectories, writeFileDurably } from '@showcause/core/node';
import { ChainError } from '../chain/errors.ts';
import { holdLock } from '../sqlite/lock.ts';
import type { Lock } from '../sqlite/lock.ts';

export interface SignedHead {
  /** leaves */
  size: number;
  root: Hash;
}

/** A place in the log that was reached by hashing and judging every entry before it. */
export interface Position {
  /** leaves before it */
  size: number;
  /** complete subtrees of the tree of that size, left to right */
  peaks: readonly Hash[];
  /** the entry checker's own */
  checker: Json;
}

/** What a countersigner must not forget, and what spares it the way it has already gone. */
export interface Memory {
  /** newest head that was countersigned */
  signed: SignedHead | null;
  /** at or beyond `signed`, and under a head that the log signed */
  base: Position | null;
  /** beyond `base`, not compared with a signed head yet */
  progress: Position | null;
  /** the log's signed checkpoint that `base` was compared with, as text */
  note: string | null;
}

export interface StateBinding {
  logId: Uint8Array;
  chainId: number;
  /** lower-case 0x hex */
  contract: string;
}

/** How bytes become durable under a name, whole or not at all. */
export type WriteFile = (path: string, bytes: string, mode: number) => void;

export interface StatePlaces {
  /** its own folder */
  dir: string;
  /** a second place for the newest signed head, best on another disk; null: none */
  markFile?: string | null;
  write?: WriteFile;
}

export const emptyMemory: Memory = { signed: null, base: null, progress: null, note: null };

const STATE = 'state.json';
const MAX_STATE_BYTES = 64 * 1024 * 1024;
const MAX_MARK_BYTES = 4096;
const types = { state: 'showcause/countersigner', mark: 'showcause/countersigner-mark' } as const;

/** One countersigner's memory: a file of its own folder, held by one process, and a mark in a second place. */
export class StateFile {
  readonly #path: string;
  readonly #markPath: string | null;
  readonly #lock: Lock;
  readonly #binding: StateBinding;
  readonly #write: WriteFile;

  /** @throws {ChainError} `COUNTERSIGN_STATE` when another living process holds the folder */
  constructor({ dir, markFile = null, write = writeFileDurably }: StatePlaces, log: StateBinding) {
    makeDirectories(dir, 0o700);
    this.#path = join(dir, STATE);
    this.#markPath = markFile;
    this.#binding = log;
    this.#write = write;
    this.#lock = takeLock(join(dir, 'lock'));
  }

  /** @throws {ChainError} `COUNTERSIGN_STATE`; `COUNTERSIGN_FORGOTTEN` when the mark knows a newer head */
  read(): Memory {
    const memory = readMemory(this.#path, this.#binding);
    const mark = this.#markPath === null ? null : readMark(this.#markPath, this.#binding);
    if (mark !== null) compareWithMark(memory.signed, mark);
    return memory;
  }

  /** Durable when it returns, the mark after the state. @throws {ChainError} `COUNTERSIGN_STATE` */
  write(memory: Memory): void {
    const text = stateText(memory, this.#binding);
    if (text.length > MAX_STATE_BYTES)
      throw new ChainError('COUNTERSIGN_STATE', {
        got: `a state of ${text.length} bytes`,
        want: `at most ${MAX_STATE_BYTES}`,
      });
    this.#keep(this.#path, text);
    if (this.#markPath !== null && memory.signed !== null)
      this.#keep(this.#markPath, markText(memory.signed, this.#binding));
  }

  close(): void {
    this.#lock.release();
  }

  #keep(path: string, text: string): void {
    try {
      this.#write(path, text, 0o600);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new ChainError('COUNTERSIGN_STATE', {
        got: `${code ?? 'a failure'} while writing ${path}`,
        want: 'room and the right to write',
        cause,
      });
    }
  }
}

/** The memory in a state folder, which may be in use. @throws {ChainError} `COUNTERSIGN_STATE` */
export function readMemoryIn(dir: string, binding: StateBinding): Memory {
  return readMemory(join(dir, STATE), binding);
}

function readMemory(path: string, binding: StateBinding): Memory {
  return readBound(path, MAX_STATE_BYTES, types.state, binding, memoryOf) ?? emptyMemory;
}

function readMark(path: string, binding: StateBinding): SignedHead | null {
  return readBound(path, MAX_MARK_BYTES, types.mark, binding, ({ size, root }) => ({
    size: count(size),
    root: hash(root),
  }));
}

/** Null when there is no such file. */
function readBound<T>(
  path: string,
  most: number,
  type: string,
  binding: StateBinding,
  parse: (file: JsonObject) => T,
): T | null {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > most) throw new RangeError(`${bytes.length} bytes`);
    const value = parseJson(bytes.toString('utf8'));
    if (!isJsonObject(value) || value['type'] !== type || value['v'] !== 1)
      throw new RangeError('type');
    checkBinding(value, binding, path);
    return parse(value);
  } catch (cause) {
    if (isMissing(cause)) return null;
    if (cause instanceof ChainError) throw cause;
    throw new ChainError('COUNTERSIGN_STATE', { got: `a damaged ${path}`, cause });
  }
}

function checkBinding(file: JsonObject, { logId, chainId, contract }: StateBinding, path: string) {
  if (
    file['logId'] !== toHex(logId) ||
    file['chainId'] !== chainId ||
    file['contract'] !== contract
  )
    throw new ChainError('COUNTERSIGN_STATE', { got: `the state of another log in ${path}` });
}

/** A state that is older than its mark came out of a backup: it would sign beside what it has signed. */
function compareWithMark(signed: SignedHead | null, mark: SignedHead): void {
  const size = signed?.size ?? 0;
  if (size > mark.size || (size === mark.size && equalBytes(signed!.root, mark.root))) return;
  throw new ChainError('COUNTERSIGN_FORGOTTEN', {
    got: `a state of size ${size}`,
    want: `the one of size ${mark.size} that its mark names`,
  });
}

function header(type: string, { logId, chainId, contract }: StateBinding): JsonObject {
  return { v: 1, type, logId: toHex(logId), chainId, contract };
}

function markText({ size, root }: SignedHead, binding: StateBinding): string {
  return `${JSON.stringify({ ...header(types.mark, binding), size, root: toHex(root) })}\n`;
}

function stateText({ signed, base, progress, note }: Memory, binding: StateBinding): string {
  const file = {
    ...header(types.state, binding),
    size: signed?.size ?? 0,
    root: signed === null ? null : toHex(signed.root),
    base: base === null ? null : positionText(base),
    progress: progress === null ? null : positionText(progress),
    note,
  };
  return `${JSON.stringify(file)}\n`;
}

function positionText({ size, peaks, checker }: Position): JsonObject {
  const root = toHex(TreeFrontier.from(size, peaks).root());
  return { size, root, peaks: peaks.map(toHex), checker };
}

function memoryOf(file: JsonObject): Memory {
  const { size, root, note } = file;
  const signed = root === null && size === 0 ? null : { size: count(size), root: hash(root) };
  const base = positionOf(file['base']);
  const progress = positionOf(file['progress']);
  if (note !== null && typeof note !== 'string') throw new RangeError('note');
  if ((base?.size ?? 0) < (signed?.size ?? 0)) throw new RangeError('base');
  if (progress !== null && progress.size <= (base?.size ?? 0)) throw new RangeError('progress');
  if (signed !== null && base?.size === signed.size && !equalBytes(rootOf(base), signed.root))
    throw new RangeError('root');
  return { signed, base, progress, note };
}

function positionOf(value: Json | undefined): Position | null {
  if (value === null) return null;
  if (value === undefined || !isJsonObject(value)) throw new RangeError('position');
  const { peaks, checker } = value;
  if (!Array.isArray(peaks) || checker === undefined) throw new RangeError('members');
  const position = {
    size: count(value['size']),
    peaks: (peaks as readonly Json[]).map(hash),
    checker,
  };
  if (!equalBytes(rootOf(position), hash(value['root']))) throw new RangeError('peaks');
  return position;
}

/** RFC 6962 root of the tree up to there. */
export function rootOf({ size, peaks }: Position): Hash {
  return TreeFrontier.from(size, peaks).root();
}

function count(value: Json | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new RangeError('size');
  return value;
}

function hash(value: Json | undefined): Hash {
  if (typeof value !== 'string') throw new RangeError('hash');
  return fromHex(value, 32);
}

function takeLock(path: string): Lock {
  try {
    return holdLock(path);
  } catch (cause) {
    throw new ChainError('COUNTERSIGN_STATE', { got: `a folder in use: ${path}`, cause });
  }
}
