import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeDirectories } from '@showcause/core/node';
import { DemoError } from './errors.ts';

/** Everything the demo leaves, below one folder. */
export interface DemoFolder {
  root: string;
  /** the set-up that `showcause init` makes: a folder a role */
  parties: string;
  /** the published log as files */
  log: string;
  policy: string;
  receipts: string;
  proofs: string;
  pages: string;
  /** copies that the last act tampers with */
  cheats: string;
  /** what each process said */
  logs: string;
  summary: string;
}

const MARKER = '.showcause-demo';

/**
 * Makes the folder anew. A former demo's is replaced, which its marker file shows; anything else is left alone.
 * @throws {DemoError} `OUT_NOT_EMPTY`, `OUT_UNWRITABLE`
 */
export function prepareFolder(dir: string): DemoFolder {
  const root = resolve(dir);
  try {
    makeDirectories(root);
  } catch (cause) {
    throw new DemoError('OUT_UNWRITABLE', { got: root, cause });
  }
  const before = readdirSync(root);
  if (before.length > 0 && !before.includes(MARKER))
    throw new DemoError('OUT_NOT_EMPTY', { got: root });
  for (const name of before) rmSync(join(root, name), { recursive: true });
  writeFileSync(join(root, MARKER), 'Made by the Showcause demo, and replaced by the next one.\n');
  const folder: DemoFolder = {
    root,
    parties: join(root, 'parties'),
    log: join(root, 'log'),
    policy: join(root, 'policy.json'),
    receipts: join(root, 'receipts'),
    proofs: join(root, 'proofs'),
    pages: join(root, 'pages'),
    cheats: join(root, 'cheats'),
    logs: join(root, 'logs'),
    summary: join(root, 'summary.json'),
  };
  for (const name of ['receipts', 'proofs', 'pages', 'cheats', 'logs'] as const)
    mkdirSync(folder[name]);
  return folder;
}
