import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../shim/shim.c', import.meta.url));
const WORDS = [
  'syncError',
  'killBefore',
  'killAfter',
  'clockMs',
  'lie',
  'syncs',
  'faults',
] as const;
export type ShimWord = (typeof WORDS)[number];
const BYTES = 64;

/** Compiles the library for LD_PRELOAD; null where there is no compiler or no such loader. */
export function buildShim(to: string): string | null {
  if (process.platform !== 'linux') return null;
  const args = ['-shared', '-fPIC', '-O2', '-o', to, source, '-ldl'];
  return spawnSync('cc', args, { stdio: 'ignore' }).status === 0 ? to : null;
}

/** The words that a process under the shim reads and writes at any moment. */
export class ShimControl {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, Buffer.alloc(BYTES));
  }

  /** What the process needs in its environment. */
  environment(library: string): Record<string, string> {
    return { LD_PRELOAD: library, CHAOS_SHIM: this.#path };
  }

  get(word: ShimWord): number {
    const bytes = Buffer.alloc(8);
    this.#with((fd) => readSync(fd, bytes, 0, 8, 8 * WORDS.indexOf(word)));
    return Number(bytes.readBigInt64LE());
  }

  set(word: ShimWord, value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    this.#with((fd) => writeSync(fd, bytes, 0, 8, 8 * WORDS.indexOf(word)));
  }

  #with(work: (fd: number) => void): void {
    const fd = openSync(this.#path, 'r+');
    try {
      work(fd);
    } finally {
      closeSync(fd);
    }
  }
}
