import { Readable } from 'node:stream';
import { equalBytes } from '@showcause/core';
import { ServiceError } from '../../src/errors.ts';
import type { LogFiles, SignedCheckpoint, SignedMark } from '../../src/ports.ts';

/** Published files in memory, for tests: the same contract. */
export function memoryFiles(content = new Map<string, Uint8Array>()): LogFiles & {
  content: Map<string, Uint8Array>;
} {
  return {
    content,
    read: async (path) => content.get(path) ?? null,
    async open(path) {
      const bytes = content.get(path);
      return bytes === undefined
        ? null
        : { length: bytes.length, body: Readable.from([Buffer.from(bytes)]) };
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
    async remove(path) {
      content.delete(path);
    },
    async list(path) {
      const names = [...content.keys()].filter((name) => name.startsWith(`${path}/`));
      return names.map((name) => name.slice(path.length + 1));
    },
  };
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
