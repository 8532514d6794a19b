import { randomBytes } from 'node:crypto';
import { equalBytes, utf8 } from '@showcause/core';
import { ServiceError } from '../errors.ts';
import type { Condition, Objects } from './objects.ts';
import { persist } from './patience.ts';
import type { Patience } from './patience.ts';
import { nameOf } from './place.ts';
import type { S3Place } from './place.ts';

const ROUNDS = 5;
const WRITERS = 16;
const headers = { type: 'text/plain; charset=utf-8', caching: 'no-store' };

/** What a store was seen to do. */
export interface Probed {
  /** whether it writes only over what has a given tag (`If-Match`) */
  compares: boolean;
}

/**
 * Tries what the log relies on with keys that go away again: that one of many writers at once gets a new key, that reads
 * and lists see what was written, that a deleted key is gone, and whether a tag can be a condition. It can find a store
 * that lies; it cannot prove that one never will.
 * @throws {ServiceError} `FILES_UNSAFE`, `FILES_UNAVAILABLE`, `FILES_REFUSED`
 */
export async function probeStore(
  objects: Objects,
  place: S3Place,
  patience: Patience,
): Promise<Probed> {
  const probe = new Probe(objects, patience, `.probe/${randomBytes(8).toString('hex')}/`, place);
  try {
    for (let round = 0; round < ROUNDS; round++) await probe.oneWinner(`new-${round}`, 'absent');
    await probe.listed(ROUNDS);
    const compares = await probe.compares();
    await probe.cleared();
    return { compares };
  } catch (error) {
    await probe.cleared().catch(() => undefined);
    throw error;
  }
}

class Probe {
  readonly #objects: Objects;
  readonly #patience: Patience;
  readonly #folder: string;
  readonly #where: string;
  readonly #keys = new Set<string>();

  constructor(objects: Objects, patience: Patience, folder: string, place: S3Place) {
    this.#objects = objects;
    this.#patience = patience;
    this.#folder = folder;
    this.#where = nameOf(place);
  }

  /** Many at once, one wins, and what it wrote stays there. */
  async oneWinner(name: string, condition: Condition): Promise<void> {
    const key = this.#folder + name;
    this.#keys.add(key);
    // Never what lay there before: a tag is often a hash of the bytes, and would hold again.
    const texts = Array.from({ length: WRITERS }, () => utf8(randomBytes(16).toString('hex')));
    const tags = await Promise.all(texts.map((text) => this.#put(key, text, condition)));
    const winners = tags.flatMap((tag, writer) => (tag === null ? [] : [writer]));
    if (winners.length > 1) this.#unsafe(`${winners.length} of ${WRITERS} writers won`);
    const stored = (await this.#read(key))?.bytes;
    if (stored === undefined) this.#unsafe('a key that was written is not there');
    // None: a winner's answer was lost, and its next attempt lost to itself.
    const lawful = winners.length === 1 ? [texts[winners[0]!]!] : texts;
    if (!lawful.some((text) => equalBytes(text, stored))) this.#unsafe('a key holds what lost');
    if ((await this.#put(key, utf8('late'), condition)) !== null) this.#unsafe('a late writer won');
    const after = (await this.#read(key))?.bytes;
    if (after === undefined || !equalBytes(after, stored)) this.#unsafe('a key changed');
  }

  async listed(rounds: number): Promise<void> {
    const folder = this.#folder;
    const names = await persist(this.#patience, 'probe', (signal) =>
      this.#objects.list(folder, signal),
    );
    for (let round = 0; round < rounds; round++)
      if (!names.includes(`new-${round}`)) this.#unsafe('a list lacks a key that was written');
  }

  /** A store that does not know the condition, or does not hold to it, is used without. */
  async compares(): Promise<boolean> {
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const found = await this.#read(`${this.#folder}new-${round}`);
        if (found === null || found.etag === '') return false;
        await this.oneWinner(`new-${round}`, { etag: found.etag });
      }
      return true;
    } catch (error) {
      const code = error instanceof ServiceError ? error.code : '';
      if (code === 'FILES_UNSAFE' || code === 'FILES_REFUSED') return false;
      throw error;
    }
  }

  async cleared(): Promise<void> {
    for (const key of this.#keys) {
      await persist(this.#patience, 'probe', (signal) => this.#objects.remove(key, signal));
      if ((await this.#read(key)) !== null) this.#unsafe('a deleted key is still there');
      this.#keys.delete(key);
    }
  }

  #put(key: string, text: Uint8Array, condition: Condition): Promise<string | null> {
    return persist(this.#patience, 'probe', (signal) =>
      this.#objects.put(key, text, headers, condition, signal),
    );
  }

  #read(key: string): Promise<{ bytes: Uint8Array; etag: string } | null> {
    return persist(this.#patience, 'probe', (signal) => this.#objects.read(key, signal));
  }

  #unsafe(got: string): never {
    throw new ServiceError('FILES_UNSAFE', {
      got: `${got} (${this.#where})`,
      want: 'one winner, and reads that see what was written',
    });
  }
}
