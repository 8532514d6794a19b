import { encodePromise } from './core.mjs';
import * as w from './world.mjs';
import { toHex } from './world.mjs';

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** r ‖ n - s: verifies as ECDSA, and is refused here. */
function highS(signature) {
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  return toHex(signature.subarray(0, 32)) + (ORDER - s).toString(16).padStart(64, '0');
}

const json = (terms) => ({
  ...terms,
  logId: toHex(terms.logId),
  keyId: toHex(terms.keyId),
  batchRoot: toHex(terms.batchRoot),
});

/** The good bytes with others written over them at `offset`. */
function patched(bytes, offset, hex) {
  const text = toHex(bytes);
  return text.slice(0, 2 * offset) + hex + text.slice(2 * offset + hex.length);
}

export function promise() {
  const { bytes, signature } = w.signed;
  const good = toHex(bytes);
  const signatureHex = toHex(signature);
  const single = w.sign({ ...w.terms, firstSeq: 3, count: 1, batchRoot: w.batchLeaves[2] });
  const other = w.sign(w.terms, w.serviceKey);
  const refused = (name, step, code, change) => ({
    name,
    step,
    code,
    bytes: good,
    signature: signatureHex,
    ...change,
  });
  const member = (name, code, change) => ({
    name,
    code,
    index: 2,
    path: w.batchPath(2).map(toHex),
    entry: w.text(w.decision),
    ...change,
  });
  return {
    comment:
      'valid: terms, the 148 bytes, r ‖ s. members: entries under the first promise. refused: decode the bytes, or verify them under logId and publicKey. refusedMembers: entries that the first promise does not cover as shown.',
    logId: toHex(w.logId),
    publicKey: toHex(w.producerKey.publicKey),
    keyId: toHex(w.keyId),
    valid: [w.signed, single].map((signed) => ({
      terms: json(signed.promise),
      bytes: toHex(signed.bytes),
      signature: toHex(signed.signature),
    })),
    members: w.batch.map((entry, index) => ({
      entry: w.text(entry),
      leaf: toHex(w.batchLeaves[index]),
      index,
      path: w.batchPath(index).map(toHex),
    })),
    refused: [
      refused('a trailing byte', 'decode', 'PROMISE_MALFORMED', { bytes: `${good}00` }),
      refused('a byte short', 'decode', 'PROMISE_MALFORMED', { bytes: good.slice(2) }),
      refused('the label of another message', 'decode', 'PROMISE_MALFORMED', {
        bytes: patched(bytes, 10, '737472'),
      }),
      refused('another version in the label', 'decode', 'PROMISE_MALFORMED', {
        bytes: patched(bytes, 15, '32'),
      }),
      refused('an epoch of 2^53', 'decode', 'PROMISE_MALFORMED', {
        bytes: patched(bytes, 80, '0020000000000000'),
      }),
      refused('a first seq of 2^53', 'decode', 'PROMISE_MALFORMED', {
        bytes: patched(bytes, 88, '0020000000000000'),
      }),
      refused('a last seq of 2^53', 'decode', 'PROMISE_MALFORMED', {
        bytes: patched(bytes, 88, '001fffffffffffff00000002'),
      }),
      refused('count 0', 'decode', 'PROMISE_MALFORMED', { bytes: patched(bytes, 96, '00000000') }),
      refused('mergeBy before signedAt', 'decode', 'PROMISE_MALFORMED', {
        bytes: patched(bytes, 108, '0000000000000001'),
      }),
      refused('a signature of 63 bytes', 'verify', 'PROMISE_SIGNATURE', {
        signature: signatureHex.slice(2),
      }),
      refused('high s', 'verify', 'PROMISE_SIGNATURE', { signature: highS(signature) }),
      refused('r and s exchanged', 'verify', 'PROMISE_SIGNATURE', {
        signature: signatureHex.slice(64) + signatureHex.slice(0, 64),
      }),
      refused('a signature of zeros', 'verify', 'PROMISE_SIGNATURE', {
        signature: '00'.repeat(64),
      }),
      refused('the signature of another key', 'verify', 'PROMISE_SIGNATURE', {
        signature: toHex(other.signature),
      }),
      refused('a later mergeBy than signed', 'verify', 'PROMISE_SIGNATURE', {
        bytes: patched(bytes, 115, 'ff'),
      }),
      refused('the key id of another producer', 'verify', 'PROMISE_KEY', {
        bytes: patched(bytes, 48, 'ff'.repeat(32)),
      }),
      refused('another log', 'verify', 'PROMISE_KEY', {
        bytes: toHex(encodePromise({ ...w.terms, logId: new Uint8Array(32) })),
      }),
    ],
    refusedMembers: [
      member('another entry', 'PROMISE_MEMBER', { entry: w.text(w.heartbeat) }),
      member('one byte changed', 'PROMISE_MEMBER', {
        entry: w.text(w.decision).replace('12:00:03', '12:00:04'),
      }),
      member('another index', 'PROOF_LENGTH', { index: 1 }),
      member('an index outside the batch', 'TREE_RANGE', { index: 3 }),
      member('a path too long', 'PROOF_LENGTH', {
        path: [...w.batchPath(2), w.batchLeaves[0]].map(toHex),
      }),
      member('no path', 'PROOF_LENGTH', { path: [] }),
      member('the path of another leaf', 'PROOF_LENGTH', { path: w.batchPath(0).map(toHex) }),
      {
        ...member('a promised leaf at the place of another seq', 'PROMISE_MEMBER', {
          index: 0,
          path: [],
        }),
        promise: 1,
      },
    ],
  };
}
