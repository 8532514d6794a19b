import { createCipheriv } from 'node:crypto';
import { MAX_SEALED_BYTES, decisionClaims, vectorSchema } from '@showcause/core';
import type { ClaimSchema } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { SubjectKey } from '../keystore/keystore.ts';
import { sealedEntry } from '../record/entries.ts';
import type { Position } from '../record/entries.ts';
import { containerText } from '../record/record-text.ts';
import type { RecordText } from '../record/record-text.ts';
import { ClaimHasher } from './claim-hasher.ts';
import { hashHex } from './hashing.ts';
import { randomId, randomInto } from './random.ts';
import type { SealedOpening } from './receipt-header.ts';
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
  opening: SealedOpening | null;
  /** The entry's text once its place is known. */
  entry(position: Position, time: string, deployment: string, intent: string | null): string;
}

const PADDING = 1024;
const WRAPPED = 40;
const NONCE = 12;
const TAG = 16;
const WRAP_IV = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');
const AAD_LABEL = 'showcause/pay/v1';
const RESPONSE_HASH = decisionClaims.paths.findIndex(([name]) => name === 'responseHash');
const MAX_PLAINTEXT = MAX_SEALED_BYTES - WRAPPED - NONCE - TAG;

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

  #claims(
    text: RecordText,
    keys: FreshKeys,
    payloadHash: string,
  ): { root: string; opening: SealedOpening | null } {
    const { schema, claims, features, attributions } = text;
    claims[0] = `"${payloadHash}"`;
    if (features !== null) this.#vector(text, 'features', this.#features, features, keys);
    if (attributions !== null)
      this.#vector(text, 'attributions', this.#attributions, attributions, keys);
    const hasher = this.#hasher(schema);
    const salts = freshSalts(keys.saltKey, schema.paths.length);
    const root = hasher.build(claims, salts);
    return {
      root,
      opening:
        schema === decisionClaims
          ? hasher.opening(RESPONSE_HASH, claims[RESPONSE_HASH] ?? null)
          : null,
    };
  }

  /** Puts the root of a vector at its slot. An intent has no slot for it: there the container's hash commits to it. */
  #vector(
    text: RecordText,
    name: string,
    hasher: ClaimHasher | null,
    values: readonly string[],
    keys: FreshKeys,
  ): void {
    const slot = text.schema.paths.findIndex(([path]) => path === name);
    if (slot < 0) return;
    if (hasher === null || values.length !== this.#featureCount)
      throw new AuditError('RECORD_VALUE', {
        got: `${values.length} values`,
        want: `${this.#featureCount}`,
      });
    text.claims[slot] =
      `"${hasher.build(values, freshVectorSalts(keys.saltKey, slot, values.length))}"`;
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

let plain = Buffer.allocUnsafeSlow(16 * 1024);

/** u32 length ‖ JSON ‖ zeros to a multiple of 1 KiB; valid until the next call. @throws {AuditError} `RECORD_SIZE` */
function padded(json: string): Buffer {
  const most = 4 + 3 * json.length + PADDING;
  if (most > plain.length) plain = Buffer.allocUnsafeSlow(most);
  const length = plain.write(json, 4);
  const size = Math.ceil((4 + length) / PADDING) * PADDING;
  if (size > MAX_PLAINTEXT)
    throw new AuditError('RECORD_SIZE', {
      got: `${length} bytes`,
      want: `at most ${MAX_PLAINTEXT - 4}`,
    });
  plain.writeUInt32BE(length);
  plain.fill(0, 4 + length, size);
  return plain.subarray(0, size);
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
