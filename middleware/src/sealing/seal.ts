import { createCipheriv } from 'node:crypto';
import { MAX_SEALED_BYTES, decisionClaims, vectorSchema } from '@showcause/core';
import type { ClaimSchema, Opening } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { SubjectKey } from '../keystore/keystore.ts';
import { sealedEntry } from '../record/entries.ts';
import type { Position } from '../record/entries.ts';
import { containerText } from '../record/record-text.ts';
import type { RecordText } from '../record/record-text.ts';
import { ClaimHasher } from './claim-hasher.ts';
import { hashHex } from './hashing.ts';
import { randomId, randomInto } from './random.ts';
import { freshKeys, freshSalts, freshVectorSalts } from './record-keys.ts';
import type { FreshKeys } from './record-keys.ts';

export type SealedType = RecordText['kind'];

/** A record sealed under its subject's key, waiting for a place in the stream. */
export interface SealedRecord {
  type: SealedType;
  /** wrapped record key 40 ‖ nonce 12 ‖ ciphertext ‖ tag 16 */
  sealed: Buffer;
  /** ordinal of the subject key */
  keyOrdinal: number;
  /** of the response hash, for a decision's receipt */
  opening: Opening | null;
  /** The entry's bytes once its place is known. */
  entry(position: Position, time: string, deployment: string, intent: string | null): Uint8Array;
}

const PADDING = 1024;
const WRAPPED = 40;
const NONCE = 12;
const TAG = 16;
const WRAP_IV = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');
const AAD_LABEL = 'showcause/pay/v1';
const RESPONSE_HASH = decisionClaims.paths.findIndex(([name]) => name === 'responseHash');

/** Seals records of one deployment: container → padded plaintext → claims → ciphertext. */
export class RecordSealer {
  readonly #features: ClaimHasher | null;
  readonly #attributions: ClaimHasher | null;
  readonly #featureCount: number;
  readonly #hashers = new Map<ClaimSchema, ClaimHasher>();

  /** @param featureNames  the deployment's order */
  constructor(featureNames: readonly string[]) {
    this.#featureCount = featureNames.length;
    const any = featureNames.length > 0;
    this.#features = any ? new ClaimHasher(vectorSchema('features', featureNames)) : null;
    this.#attributions = any ? new ClaimHasher(vectorSchema('attributions', featureNames)) : null;
  }

  /** @throws {AuditError} `RECORD_SIZE` */
  seal(text: RecordText, subjectKey: SubjectKey): SealedRecord {
    const keys = freshKeys();
    const plaintext = padded(containerText(text));
    const claims = this.#claims(text, keys, hashHex(plaintext));
    const id = randomId();
    const sealed = encrypt(plaintext, keys, subjectKey.key, id);
    // What the entry names is the hash of the ciphertext; the plaintext's is claim 0.
    const payload = hashHex(sealed);
    const { kind } = text;
    return {
      type: kind,
      sealed,
      keyOrdinal: subjectKey.ordinal,
      opening: claims.opening,
      entry: (position, time, deployment, intent) =>
        sealedEntry(kind, position, { id, time, deployment, claims: claims.root, payload }, intent),
    };
  }

  #claims(text: RecordText, keys: FreshKeys, payloadHash: string): { root: string; opening: Opening | null } {
    const { schema, claims } = text;
    claims[0] = `"${payloadHash}"`;
    schema.paths.forEach(([name], slot) => {
      if (name === 'features') claims[slot] = this.#vector(this.#features, text.features, keys, slot);
      if (name === 'attributions') claims[slot] = this.#vector(this.#attributions, text.attributions, keys, slot);
    });
    const hasher = this.#hasher(schema);
    const root = hasher.build(claims, freshSalts(keys.saltKey, schema.paths.length));
    if (schema !== decisionClaims) return { root, opening: null };
    const value = claims[RESPONSE_HASH] ?? null;
    return { root, opening: hasher.opening(RESPONSE_HASH, value === null ? null : value.slice(1, -1)) };
  }

  #vector(hasher: ClaimHasher | null, values: readonly string[] | null, keys: FreshKeys, slot: number): string | null {
    if (values === null) return null;
    if (hasher === null || values.length !== this.#featureCount)
      throw new AuditError('RECORD_VALUE', { got: `${values.length} values`, want: `${this.#featureCount}` });
    return `"${hasher.build(values, freshVectorSalts(keys.saltKey, slot, values.length))}"`;
  }

  #hasher(schema: ClaimSchema): ClaimHasher {
    let hasher = this.#hashers.get(schema);
    if (hasher === undefined) {
      hasher = new ClaimHasher(schema);
      this.#hashers.set(schema, hasher);
    }
    return hasher;
  }
}

/** u32 length ‖ JSON ‖ zeros to a multiple of 1 KiB. @throws {AuditError} `RECORD_SIZE` */
function padded(json: string): Buffer {
  const length = Buffer.byteLength(json);
  const size = Math.ceil((4 + length) / PADDING) * PADDING;
  const most = MAX_SEALED_BYTES - WRAPPED - NONCE - TAG;
  if (size > most) throw new AuditError('RECORD_SIZE', { got: `${length} bytes`, want: `at most ${most - 4}` });
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeUInt32BE(length);
  bytes.write(json, 4);
  bytes.fill(0, 4 + length);
  return bytes;
}

const aad = Buffer.alloc(AAD_LABEL.length + 16);
aad.write(AAD_LABEL, 'latin1');

/** As core's sealPayload; a test opens what this makes with core's openPayload. */
function encrypt(plaintext: Buffer, keys: FreshKeys, subjectKey: Uint8Array, id: string): Buffer {
  const sealed = Buffer.allocUnsafe(WRAPPED + NONCE + plaintext.length + TAG);
  const wrap = createCipheriv('id-aes256-wrap', subjectKey, WRAP_IV);
  sealed.set(wrap.update(keys.recordKey), 0);
  const nonce = sealed.subarray(WRAPPED, WRAPPED + NONCE);
  randomInto(nonce, NONCE);
  const cipher = createCipheriv('aes-256-gcm', keys.payloadKey, nonce);
  aad.write(id, AAD_LABEL.length, 'hex');
  cipher.setAAD(aad);
  sealed.set(cipher.update(plaintext), WRAPPED + NONCE);
  cipher.final();
  sealed.set(cipher.getAuthTag(), WRAPPED + NONCE + plaintext.length);
  return sealed;
}
