import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import type { Hash, Json, JsonObject } from '@showcause/core';
import { isMissing, makeDirectories, writeFileDurably } from '@showcause/core/node';
import { holdLock } from '../sqlite/lock.ts';
import type { Lock } from '../sqlite/lock.ts';
import { ChainError } from '../chain/errors.ts';

/** The newest head that was countersigned, and what is needed to go on from it. */
export interface SignedState {
  size: number;
  root: Hash;
  /** complete subtrees of the tree of that size, left to right */
  peaks: readonly Hash[];
  /** the entry checker's own */
  checker: Json;
}

export interface StateBinding {
  logId: Uint8Array;
  chainId: number;
  contract: string;
}

const MAX_STATE_BYTES = 64 * 1024 * 1024;

/** One countersigner's memory: a file of its own folder, held by one process. */
export class StateFile {
  readonly #path: string;
  readonly #lock: Lock;
  readonly #binding: StateBinding;

  /** @throws {ChainError} `COUNTERSIGN_STATE` when another living process holds the folder */
  constructor(dir: string, binding: StateBinding) {
    makeDirectories(dir, 0o700);
    this.#path = join(dir, 'state.json');
    this.#binding = binding;
    this.#lock = takeLock(join(dir, 'lock'));
  }

  /** Null before the first countersignature. @throws {ChainError} `COUNTERSIGN_STATE` */
  read(): SignedState | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    try {
      return this.#parse(bytes);
    } catch (cause) {
      if (cause instanceof ChainError) throw cause;
      throw new ChainError('COUNTERSIGN_STATE', { got: `a damaged ${this.#path}`, cause });
    }
  }

  /** Durable when it returns. */
  write(state: SignedState): void {
    const { logId, chainId, contract } = this.#binding;
    const file = {
      v: 1,
      type: 'showcause/countersigner',
      logId: toHex(logId),
      chainId,
      contract,
      size: state.size,
      root: toHex(state.root),
      peaks: state.peaks.map(toHex),
      checker: state.checker,
    };
    writeFileDurably(this.#path, `${JSON.stringify(file)}\n`, 0o600);
  }

  close(): void {
    this.#lock.release();
  }

  #parse(bytes: Buffer): SignedState {
    if (bytes.length > MAX_STATE_BYTES) throw new RangeError(`${bytes.length} bytes`);
    const value = parseJson(bytes.toString('utf8'));
    if (!isJsonObject(value) || value['type'] !== 'showcause/countersigner' || value['v'] !== 1)
      throw new RangeError('type');
    this.#checkBinding(value);
    const { size, root, peaks, checker } = value;
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1)
      throw new RangeError('size');
    if (!Array.isArray(peaks) || checker === undefined) throw new RangeError('members');
    return { size, root: hash(root), peaks: (peaks as readonly Json[]).map(hash), checker };
  }

  #checkBinding(file: JsonObject): void {
    const { logId, chainId, contract } = this.#binding;
    if (
      file['logId'] !== toHex(logId) ||
      file['chainId'] !== chainId ||
      file['contract'] !== contract
    )
      throw new ChainError('COUNTERSIGN_STATE', {
        got: `the state of another log in ${this.#path}`,
      });
  }
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
