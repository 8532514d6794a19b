import { coversProducer, fromHex, isHexOf, producerKeyId, toHex } from '@showcause/core';
import type { EntryOf, Hash } from '@showcause/core';

/** One `add` of a key, and what a later revocation still lets in. */
export interface RegisteredKey {
  producer: string;
  /** x ‖ y, hex */
  key: string;
  /** SHA-256(x ‖ y), hex */
  keyId: string;
  types: readonly string[];
  /** null: open; else the last seq and leaf hash by `producer epoch` */
  closes: Record<string, { seq: number; leaf: string }> | null;
}

/**
 * Which keys may write what, by position in the log: `apply` is called for each `key` entry in log order, and answers
 * hold for the entries that follow it.
 */
export class KeyRegistry {
  #keys: RegisteredKey[];

  constructor(keys: readonly RegisteredKey[] = []) {
    this.#keys = structuredClone(keys) as RegisteredKey[];
  }

  apply(entry: EntryOf<'key'>): void {
    if (entry.action === 'add') {
      const keyId = toHex(producerKeyId(fromHex(entry.key, 64)));
      const { producer, key, types } = entry;
      this.#keys.push({ producer, key, keyId, types: [...types], closes: null });
      return;
    }
    const closes: Record<string, { seq: number; leaf: string }> = {};
    for (const { producer, epoch, seq, leaf } of entry.closes ?? [])
      closes[`${producer} ${epoch}`] = { seq, leaf };
    for (const known of this.#keys) if (known.key === entry.key) known.closes = closes;
  }

  /** Keys with this id that cover the producer, revoked ones too; newest last. */
  covering(producer: string, keyId: string): readonly RegisteredKey[] {
    return this.#keys.filter(
      (known) => known.keyId === keyId && coversProducer(known.producer, producer),
    );
  }

  /** Keys that cover the producer, whatever their id. */
  coveringProducer(producer: string): readonly RegisteredKey[] {
    return this.#keys.filter((known) => coversProducer(known.producer, producer));
  }

  all(): readonly RegisteredKey[] {
    return structuredClone(this.#keys);
  }
}

/** Whether a key still lets the position in: it is open, or the position is in the backlog that its revocation names. */
export function admits(
  key: RegisteredKey,
  position: { producer: string; epoch: number; seq: number },
  leaf: Hash,
): boolean {
  if (key.closes === null) return true;
  const last = key.closes[`${position.producer} ${position.epoch}`];
  if (last === undefined || position.seq > last.seq) return false;
  return position.seq < last.seq || isHexOf(last.leaf, leaf);
}
