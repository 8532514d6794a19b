import { createCipheriv } from 'node:crypto';
import { claimSalts, encodeContainer, vectorSalts, wrapKey } from './core.mjs';
import * as w from './world.mjs';
import { fromHex, sha256Hex, toHex } from './world.mjs';

const entryId = '000000000000000000000000000000ff';
const subjectKey = new Uint8Array(32).fill(0x31);
const nonce = new Uint8Array(12).fill(0x41);
const container = { request: 'eyJhbW91bnQiOjEwMDB9', response: 'eyJkZWNpc2lvbiI6ImRlbmllZCJ9' };

/** `sealPayload` with a nonce that is given instead of drawn. */
function seal(bytes) {
  const cipher = createCipheriv('aes-256-gcm', w.keys.payloadKey, nonce);
  cipher.setAAD(Buffer.concat([Buffer.from('showcause/pay/v1'), fromHex(entryId)]));
  return Buffer.concat([
    wrapKey(w.recordKey, subjectKey),
    nonce,
    cipher.update(bytes),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

export function payload() {
  const plain = encodeContainer(container);
  const sealed = seal(plain);
  const flipped = (offset) => {
    const bytes = Uint8Array.from(sealed);
    bytes[offset] ^= 1;
    return toHex(bytes);
  };
  const json = Buffer.from(JSON.stringify(container));
  const badContainer = (name, length, body, size = 1024) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32BE(length);
    bytes.set(body, 4);
    return { name, code: 'PAYLOAD_MALFORMED', container: toHex(bytes) };
  };
  const dirty = Buffer.from(plain);
  dirty[1023] = 1;
  return {
    comment: 'Every key is fixed here; in use record key and nonce are drawn for each entry.',
    recordKey: toHex(w.recordKey),
    payloadKey: toHex(w.keys.payloadKey),
    saltKey: toHex(w.keys.saltKey),
    salts: Array.from({ length: 4 }, (_, i) =>
      toHex(claimSalts(w.keys.saltKey, 4).slice(32 * i, 32 * i + 32)),
    ),
    vectorSalts: {
      slot: 8,
      salts: Array.from({ length: 3 }, (_, i) =>
        toHex(vectorSalts(w.keys.saltKey, 8, 3).slice(32 * i, 32 * i + 32)),
      ),
    },
    subjectKey: toHex(subjectKey),
    wrappedKey: toHex(wrapKey(w.recordKey, subjectKey)),
    entryId,
    nonce: toHex(nonce),
    container,
    containerBytes: toHex(plain),
    containerHash: sha256Hex(plain),
    sealed: toHex(sealed),
    sealedHash: sha256Hex(sealed),
    refusedContainers: [
      { name: 'no bytes', code: 'PAYLOAD_MALFORMED', container: '' },
      badContainer('a length beyond the end', 1021, json),
      badContainer('a length short of the JSON', json.length - 1, json),
      badContainer('JSON with a blank', json.length + 1, Buffer.concat([Buffer.from(' '), json])),
      badContainer('a list', 2, Buffer.from('[]')),
      badContainer('a step of padding too many', json.length, json, 2048),
      badContainer('half a step', json.length, json, 512),
      { name: 'padding that is not zero', code: 'PAYLOAD_MALFORMED', container: toHex(dirty) },
    ],
    refused: [
      { name: 'another subject key', code: 'PAYLOAD_KEY', subjectKey: '32'.repeat(32) },
      {
        name: 'another entry id',
        code: 'PAYLOAD_KEY',
        entryId: '000000000000000000000000000000fe',
      },
      { name: 'a changed wrapped key', code: 'PAYLOAD_KEY', sealed: flipped(0) },
      { name: 'a changed nonce', code: 'PAYLOAD_KEY', sealed: flipped(40) },
      { name: 'a changed ciphertext', code: 'PAYLOAD_KEY', sealed: flipped(52) },
      { name: 'a changed tag', code: 'PAYLOAD_KEY', sealed: flipped(sealed.length - 1) },
      { name: 'a byte short', code: 'PAYLOAD_KEY', sealed: toHex(sealed.subarray(0, -1)) },
      { name: 'a trailing byte', code: 'PAYLOAD_KEY', sealed: `${toHex(sealed)}00` },
      {
        name: 'less than wrapped key, nonce and tag',
        code: 'PAYLOAD_MALFORMED',
        sealed: toHex(sealed.subarray(0, 67)),
      },
    ].map((row) => ({ sealed: toHex(sealed), subjectKey: toHex(subjectKey), entryId, ...row })),
  };
}
