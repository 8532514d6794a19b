import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeEntryBundle,
  encodeEntryBundle,
  entryBundles,
  leafHash,
  toHex,
  tilePath,
} from '@showcause/core';
import { copyLog } from '../published.ts';
import { forgeReceipt, outcomeOf, withOutcome } from './receipts.ts';
import { compare, publish, save } from './scene.ts';
import type { CheatScene, Outcome } from './scene.ts';
import { aDecision, changeClaims, renumber } from './streams.ts';

/** The attempts that need no chain, in the order they are shown. */
export const cheats: readonly ((scene: CheatScene) => Promise<Outcome>)[] = [
  changeOnDisk,
  changeAndSignAnew,
  dropDecision,
  showAnotherOutcome,
  forgeWholeReceipt,
  renumberStream,
];

/** Somebody with access to the disk edits one stored entry. */
function changeOnDisk(scene: CheatScene): Promise<Outcome> {
  const dir = join(scene.demo.folder.cheats, 'changed-on-disk');
  copyLog(scene.honestDir, dir);
  const { index } = aDecision(scene.honest.entries);
  const tile = entryBundles(0, scene.honest.entries.length)[Math.floor(index / 256)]!;
  const path = join(dir, tilePath(tile));
  const entries = decodeEntryBundle(readFileSync(path), tile.width);
  entries[index % 256] = changeClaims(entries[index % 256]!);
  writeFileSync(path, encodeEntryBundle(entries));
  return compare(scene, `change stored entry ${index}, on disk`, 'log', dir, scene.honestDir);
}

/** The operator edits an entry, makes every tile anew and signs the new head with the log key. */
function changeAndSignAnew(scene: CheatScene): Promise<Outcome> {
  const { index } = aDecision(scene.honest.entries);
  const entries = scene.honest.entries.map((entry, at) =>
    at === index ? changeClaims(entry) : entry,
  );
  const dir = publish(scene, 'changed-and-signed', entries);
  return compare(
    scene,
    `change entry ${index}, make all tiles anew, sign with the log key`,
    'log',
    dir,
    scene.honestDir,
  );
}

/** The operator takes a decision out, makes every tile anew and signs with the log key. */
function dropDecision(scene: CheatScene): Promise<Outcome> {
  const { index } = aDecision(scene.honest.entries);
  const entries = scene.honest.entries.filter((_, at) => at !== index);
  const dir = publish(scene, 'dropped', entries);
  return compare(
    scene,
    `drop entry ${index}, make all tiles anew, sign with the log key`,
    'log',
    dir,
    scene.honestDir,
  );
}

/** A genuine promise, shown with an outcome that was never promised. */
function showAnotherOutcome(scene: CheatScene): Promise<Outcome> {
  const at = chosenReceipt(scene);
  const genuine = scene.receipts[at]!;
  const other = outcomeOf(genuine) === 'denied' ? 'approved' : 'denied';
  const path = save(scene, 'other-outcome', withOutcome(genuine, other));
  return compare(
    scene,
    `show “${other}” with the genuine promise of “${outcomeOf(genuine)}”`,
    'receipt',
    path,
    receiptPathOf(scene, at),
  );
}

/** Everything made anew and sound in itself, with keys that the registrar never signed. */
function forgeWholeReceipt(scene: CheatScene): Promise<Outcome> {
  const at = chosenReceipt(scene);
  const path = save(scene, 'forged', forgeReceipt(scene.receipts[at]!, 'approved'));
  return compare(
    scene,
    'forge a whole receipt, sound in itself, with keys of one’s own',
    'receipt',
    path,
    receiptPathOf(scene, at),
  );
}

/** A decision and its intent vanish, and all behind them are numbered anew; the producer's key is out of reach. */
function renumberStream(scene: CheatScene): Promise<Outcome> {
  const { entries } = scene.honest;
  const { index, entry } = aDecision(entries);
  const intent = entries.findIndex((bytes) => toHex(leafHash(bytes)) === entry.intent);
  const renumbered = renumber(entries, new Set([index, intent]), entry);
  const dir = publish(scene, 'renumbered', renumbered);
  return compare(
    scene,
    `drop entries ${intent} and ${index}, number the producer’s stream anew, sign with the log key`,
    'log',
    dir,
    scene.honestDir,
  );
}

/** A denial where there is one: the outcome that somebody would want to change. */
function chosenReceipt(scene: CheatScene): number {
  const denied = scene.receipts.findIndex((receipt) => outcomeOf(receipt) === 'denied');
  return Math.max(0, denied);
}

function receiptPathOf(scene: CheatScene, at: number): string {
  return join(scene.demo.folder.receipts, `${scene.demo.decided[at]!.decisionId}.json`);
}
