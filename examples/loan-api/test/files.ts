import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);

export function bytesOf(path: string): Buffer {
  return readFileSync(new URL(path, root));
}

export function sha256Of(path: string): string {
  return createHash('sha256').update(bytesOf(path)).digest('hex');
}

export function jsonOf<T>(path: string): T {
  return JSON.parse(bytesOf(path).toString('utf8')) as T;
}

export function linesOf<T>(path: string): T[] {
  const lines = bytesOf(path).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}
