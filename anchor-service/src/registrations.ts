import {
  fromHex,
  leafHash,
  parseEntry,
  parseGenesis,
  toHex,
  verifyRegistration,
} from '@showcause/core';
import type { Hash } from '@showcause/core';
import type { Read } from './intake.ts';
import { KeyRegistry } from './keys.ts';
import type { Store } from './ports.ts';
import { holds } from './promise-judge.ts';

export type Registration = Extract<Read, { kind: 'registration' }>;

/** `key`, `deployment` and `anchorage` entries: each is logged once, when the registrar that genesis names signed it. */
export class Registrations {
  readonly keys = new KeyRegistry();
  readonly #logId: Uint8Array;
  readonly #registrar: Uint8Array;
  /** leaf hashes, hex */
  readonly #known = new Set<string>();

  private constructor(genesis: Uint8Array) {
    this.#logId = leafHash(genesis);
    this.#registrar = fromHex(parseGenesis(genesis).registrar, 32);
  }

  /** What the log holds of them. @param genesis exact bytes of entry 0 */
  static async read(
    store: Pick<Store, 'registrations'>,
    genesis: Uint8Array,
  ): Promise<Registrations> {
    const registrations = new Registrations(genesis);
    for (const { entry, hash } of await store.registrations()) {
      registrations.#known.add(toHex(hash));
      const parsed = parseEntry(entry);
      if (parsed.kind === 'known' && parsed.entry.type === 'key')
        registrations.keys.apply(parsed.entry);
    }
    return registrations;
  }

  /** Judges one that came; a new one holds from now on, so that the caller must append it. */
  judge(entry: Registration['entry'], hash: Hash): 'new' | 'duplicate' | 'unsigned' {
    const hex = toHex(hash);
    if (this.#known.has(hex)) return 'duplicate';
    if (!holds(() => verifyRegistration(entry, this.#logId, this.#registrar))) return 'unsigned';
    this.#known.add(hex);
    if (entry.type === 'key') this.keys.apply(entry);
    return 'new';
  }
}
