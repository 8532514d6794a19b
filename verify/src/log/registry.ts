import {
  coversProducer,
  fromHex,
  producerKeyId,
  toHex,
  verifyRegistration,
  verifyStreamSignature,
} from '@showcause/core';
import type { EntryOf, RegistrationEntry } from '@showcause/core';
import type { Findings } from './findings.ts';
import type { Position } from './position.ts';
import { secondsOf } from '../time.ts';

interface RegisteredKey {
  producer: string;
  /** x ‖ y */
  key: Uint8Array;
  /** hex */
  keyId: string;
  types: readonly string[];
  /** null: not revoked; else the last entry that a revocation still lets in, by `producer epoch` */
  closes: Map<string, { seq: number; leaf: string }> | null;
  revoked: Revocation | null;
}

export interface Revocation {
  /** in the log */
  index: number;
  /** Unix seconds by the registrar's clock */
  time: number;
}

/** How a registered key stands to one entry. */
export interface KeyStanding {
  admits: boolean;
  /** the newest revocation, unless the key was registered anew since */
  revoked: Revocation | null;
}

interface Deployment {
  producer: string;
  development: boolean;
}

/** Keys and deployments as they stand at one place of the log: validity is by position, never by clock. */
export class Registry {
  readonly #keys: RegisteredKey[] = [];
  readonly #deployments = new Map<string, Deployment>();
  /** leaf hashes, hex */
  readonly #known = new Set<string>();
  readonly #logId: Uint8Array;
  readonly #registrar: Uint8Array;
  readonly #findings: Findings;

  constructor(logId: Uint8Array, registrar: Uint8Array, findings: Findings) {
    this.#logId = logId;
    this.#registrar = registrar;
    this.#findings = findings;
  }

  get counts(): { keys: number; deployments: number; development: number } {
    const deployments = [...this.#deployments.values()];
    return {
      keys: this.#keys.length,
      deployments: deployments.length,
      development: deployments.filter(({ development }) => development).length,
    };
  }

  /** Takes effect from this index on, unless the registrar did not sign it or it was logged before. @param leaf hex */
  register(entry: RegistrationEntry, leaf: string, index: number): void {
    const whose = entry.type === 'anchorage' ? '' : ` of ${entry.producer}`;
    const what = `${entry.type}${whose} at index ${index}`;
    const refuse = (text: string): void =>
      this.#findings.refuted('log-registrations', 'VERIFY_REGISTRATION', text);
    try {
      verifyRegistration(entry, this.#logId, this.#registrar);
    } catch {
      return refuse(what);
    }
    // Whoever logs an old registration again would bring a revoked key back without its registrar.
    if (this.#known.has(leaf)) return refuse(`${what}, a second time`);
    this.#known.add(leaf);
    if (entry.type === 'deployment')
      this.#deployments.set(leaf, { producer: entry.producer, development: entry.development });
    else if (entry.type === 'key')
      if (entry.action === 'add') this.#addKey(entry);
      else this.#revoke(entry, index);
  }

  #addKey({ producer, key, types }: EntryOf<'key'>): void {
    const bytes = fromHex(key, 64);
    this.#keys.push({
      producer,
      key: bytes,
      keyId: toHex(producerKeyId(bytes)),
      types,
      closes: null,
      revoked: null,
    });
  }

  #revoke(entry: EntryOf<'key'>, index: number): void {
    const closes = new Map<string, { seq: number; leaf: string }>();
    for (const { producer, epoch, seq, leaf } of entry.closes ?? [])
      closes.set(`${producer} ${epoch}`, { seq, leaf });
    const revoked = { index, time: secondsOf(entry.time) ?? 0 };
    for (const known of this.#keys)
      if (toHex(known.key) === entry.key) {
        known.closes = closes;
        known.revoked = revoked;
      }
  }

  /**
   * How one key stands here to an entry that it would write; null: it is not registered for that producer.
   * @param leaf hex, of the entry
   */
  standing(keyId: string, at: Position, leaf: string): KeyStanding | null {
    const newest = this.#keys.findLast(
      (known) => known.keyId === keyId && coversProducer(known.producer, at.producer),
    );
    if (newest === undefined) return null;
    const admits = this.keysFor(at, leaf).some((key) => key.keyId === keyId);
    return { admits, revoked: newest.revoked };
  }

  /** Keys under which this entry may stand here. @param leaf hex, of the entry */
  keysFor(at: Position, leaf: string): readonly { key: Uint8Array; keyId: string }[] {
    return this.#keys.filter(({ producer, types, closes }) => {
      if (!coversProducer(producer, at.producer) || !types.includes(at.type)) return false;
      if (closes === null) return true;
      const last = closes.get(`${at.producer} ${at.epoch}`);
      return (
        last !== undefined && (at.seq < last.seq || (at.seq === last.seq && leaf === last.leaf))
      );
    });
  }

  /** Key id of the key that signed this position, or null. */
  signerOf(at: Position & { sig: string }, leaf: string): string | null {
    for (const { key, keyId } of this.keysFor(at, leaf))
      try {
        verifyStreamSignature(at, this.#logId, key);
        return keyId;
      } catch {
        // another of the producer's keys may have signed
      }
    return null;
  }

  /** Whether a deployment that covers the producer stands before this place. */
  hasDeployment(leaf: string, producer: string): boolean {
    const deployment = this.#deployments.get(leaf);
    return deployment !== undefined && coversProducer(deployment.producer, producer);
  }
}
