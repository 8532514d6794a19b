import {
  buildClaims,
  decisionClaims,
  decodeSignedPromise,
  encodeEntry,
  encodePromise,
  encodeSignedPromise,
  fromBase64,
  leafHash,
  openClaim,
  parseEntryOf,
  producerKeyId,
  registrarMessage,
  formatSignature,
  toBase64,
  toHex,
} from '@showcause/core';
import type { Json, Receipt } from '@showcause/core';
import {
  claimSalts,
  ed25519KeySigner,
  generateKey,
  newRecordKeys,
  p256Signer,
} from '@showcause/core/node';

/** The same receipt with another outcome written over the genuine one. */
export function withOutcome(receipt: Receipt, outcome: Json): Receipt {
  const openings = receipt.openings.map((opening) =>
    opening.path.join('.') === 'outcome' ? { ...opening, value: outcome } : opening,
  );
  return { ...receipt, openings };
}

/** The outcome that a receipt opens. */
export function outcomeOf(receipt: Receipt): string {
  const opening = receipt.openings.find(({ path }) => path.join('.') === 'outcome');
  return typeof opening?.value === 'string' ? opening.value : 'none';
}

/**
 * A receipt that is sound in itself, made with keys of the forger's own: claims, entry, promise and a `key` entry for
 * the producer's name. Only the registrar of the policy never signed that key.
 */
export function forgeReceipt(genuine: Receipt, outcome: Json): Receipt {
  const decision = parseEntryOf('decision', fromBase64(genuine.entry));
  const keyEntry = parseEntryOf('key', fromBase64(genuine.key));
  const producer = generateKey('producer');
  const registrar = generateKey('registrar');
  const values = decisionClaims.paths.map((path) => {
    if (path.join('.') === 'outcome') return outcome;
    return genuine.openings.find((opening) => opening.path.join('.') === path.join('.'))?.value;
  });
  const salts = claimSalts(newRecordKeys().saltKey, decisionClaims.paths.length);
  const claims = buildClaims(decisionClaims, values, salts);
  const entry = encodeEntry({ ...decision, claims: toHex(claims.root) });
  const logId = decodeSignedPromise(fromBase64(genuine.promise)).promise.logId;
  const terms = {
    ...decodeSignedPromise(fromBase64(genuine.promise)).promise,
    keyId: producerKeyId(producer.publicKey),
    firstSeq: decision.seq,
    count: 1,
    batchRoot: leafHash(entry),
  };
  const bytes = encodePromise(terms);
  const unsignedKey = { ...keyEntry, key: toHex(producer.publicKey) };
  const sig = formatSignature(ed25519KeySigner(registrar)(registrarMessage(logId, unsignedKey)));
  return {
    ...genuine,
    entry: toBase64(entry),
    promise: toBase64(encodeSignedPromise({ bytes, signature: p256Signer(producer)(bytes) })),
    batch: { index: 0, path: [] },
    openings: genuine.openings.map(({ path }) => openClaim(claims, path)),
    key: toBase64(encodeEntry({ ...unsignedKey, sig })),
    proof: null,
    anchor: null,
  };
}
