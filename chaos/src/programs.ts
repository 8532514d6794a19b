import { fileURLToPath } from 'node:url';

/** A program of this package as it was built, also for tests, which read the sources. */
export function built(name: string): string {
  return fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
}
