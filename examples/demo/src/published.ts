import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseAnchorEvidence, parseCheckpoint, parseJson, parseNote } from '@showcause/core';
import type { AnchorEvidence, Checkpoint } from '@showcause/core';
import { until } from './wait.ts';

/** The head that a published log shows now; null before the first. */
export function headOf(dir: string): Checkpoint | null {
  const path = join(dir, 'checkpoint');
  if (!existsSync(path)) return null;
  return parseCheckpoint(parseNote(readFileSync(path)).text);
}

/** The newest head that is final on the chain; null before the first. */
export function anchorOf(dir: string): AnchorEvidence | null {
  const path = join(dir, 'anchors/latest.json');
  if (!existsSync(path)) return null;
  return parseAnchorEvidence(parseJson(readFileSync(path, 'utf8')));
}

/** Waits until the chain finally holds the head that the log shows. */
export function anchoredHead(dir: string): Promise<AnchorEvidence> {
  return until('the head final on the chain', () => {
    const anchor = anchorOf(dir);
    return Promise.resolve(anchor !== null && anchor.size === headOf(dir)?.size ? anchor : null);
  });
}

/**
 * Copies a published log while it may still grow, so that the copy is whole: a checkpoint of it covers only tiles
 * that were there before it, hence it is copied first.
 */
export function copyLog(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(join(from, 'checkpoint'), join(to, 'checkpoint'), { recursive: true });
  for (const name of ['tile', 'anchors'])
    if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name), { recursive: true });
}
