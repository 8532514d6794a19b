import { Readable } from 'node:stream';
import { equalBytes, sha256, toHex } from '@showcause/core';
import { ServiceError } from '../../src/errors.ts';
import type { FileFacts, LogFiles, SignedCheckpoint, SignedMark } from '../../src/ports.ts';

/** Published files in memory, for tests: the same contract. */
export function memoryFiles(content = new Map<string, Uint8Array>()): LogFiles & {
  content: Map<string, Uint8Array>;
} {
  return {
    content,
    read: async (path) => content.get(path) ?? null,
    async stat(path) {
      const bytes = content.get(path);
      return bytes === undefined ? null : factsOf(bytes);
    },
    async open(path, range) {
      const bytes = content.get(path);
      if (bytes === undefined) return null;
      const asked = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
      return { ...factsOf(bytes), body: Readable.from([Buffer.from(asked)]) };
    },
    async create(path, bytes) {
      const there = content.get(path);
      if (there !== undefined && !equalBytes(there, bytes))
        throw new ServiceError('PUBLISH_TILE', { got: path });
      content.set(path, bytes.slice());
    },
    async replace(path, bytes) {
      content.set(path, bytes.slice());
    },
    async exchange(path, was, bytes) {
      const there = content.get(path) ?? null;
      if (there !== null && equalBytes(there, bytes)) return true;
      const isWas = there === null || was === null ? there === was : equalBytes(there, was);
      if (isWas) content.set(path, bytes.slice());
      return isWas;
    },
    async remove(path) {
      content.delete(path);
    },
    async list(path) {
      const names = [...content.keys()].filter((name) => name.startsWith(`${path}/`));
      return names.map((name) => name.slice(path.length + 1));
    },
  };
}

function factsOf(bytes: Uint8Array): FileFacts {
  return { size: bytes.length, tag: toHex(sha256(bytes)) };
}

export function memoryMark(): SignedMark & { value: SignedCheckpoint | null } {
  return {
    value: null,
    async read() {
      return this.value;
    },
    async write(checkpoint) {
      this.value = checkpoint;
    },
  };
}
