import {
  TreeFrontier,
  ed25519NoteSigner,
  encodeEntryBundle,
  leafHash,
  signCheckpoint,
  tilePath,
} from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import { ethereumAccount } from '../../src/chain/accounts.ts';
import type { CheckpointStep } from '../../src/chain/port.ts';
import { createCountersigner } from '../../src/countersigner/countersigner.ts';
import type { Countersigner, CountersignerOptions } from '../../src/countersigner/countersigner.ts';
import { ORIGIN, silent } from './log.ts';
import type { TestLog } from './log.ts';
import { readerOf } from './published.ts';
import type { PublishedLog } from './published.ts';

export const CHAIN_ID = 31337;
export const CONTRACT = `0x${'c0'.repeat(20)}`;

/** Countersigners of one log and key, closed together. */
export class Countersigners {
  readonly log: TestLog;
  readonly account = ethereumAccount(generateKey('countersigner').secretKey);
  readonly #open: Countersigner[] = [];

  constructor(log: TestLog) {
    this.log = log;
  }

  get policy() {
    const { logId, vkey } = this.log;
    return { logId, origin: ORIGIN, logKeys: [vkey], chainId: CHAIN_ID, contract: CONTRACT };
  }

  start(
    content: ReadonlyMap<string, Uint8Array>,
    stateDir: string,
    more: Partial<CountersignerOptions> = {},
  ): Countersigner {
    const countersigner = createCountersigner({
      reader: readerOf(content),
      policy: this.policy,
      account: this.account,
      stateDir,
      logger: silent,
      ...more,
    });
    this.#open.push(countersigner);
    return countersigner;
  }

  async closeAll(): Promise<void> {
    for (const countersigner of this.#open.splice(0)) await countersigner.close();
  }
}

/** Root of the log's first `size` leaves. */
export function headAt({ disk }: PublishedLog, size: number): Uint8Array {
  const frontier = TreeFrontier.empty();
  for (const { hash } of disk.leaves.slice(0, size)) frontier.append(hash);
  return frontier.root();
}

/** From genesis, or another head, to one of the log's. */
export function stepTo(published: PublishedLog, size: number, oldSize = 1): CheckpointStep {
  return { oldSize, size, root: headAt(published, size) };
}

/** A log of the same key whose entries from `index` on are `entries`; the log key signs it all. */
export function rewrite(
  log: TestLog,
  from: PublishedLog,
  index: number,
  entries: readonly Uint8Array[],
): Map<string, Uint8Array> {
  const all = [...from.disk.leaves.slice(0, index).map(({ entry }) => entry), ...entries];
  const frontier = TreeFrontier.empty();
  for (const entry of all) frontier.append(leafHash(entry));
  const width = all.length;
  const root = frontier.root();
  const signer = ed25519NoteSigner(ORIGIN, log.log.publicKey, ed25519KeySigner(log.log));
  const hashes = Buffer.concat(all.map((entry) => leafHash(entry)));
  return new Map([
    ['checkpoint', signCheckpoint({ origin: ORIGIN, size: width, root }, [signer])],
    [tilePath({ level: 'entries', index: 0, width }), encodeEntryBundle(all)],
    [tilePath({ level: 0, index: 0, width }), new Uint8Array(hashes)],
  ]);
}
