import { producerKeyId, streamMessage } from './core.mjs';
import * as w from './world.mjs';
import { toHex } from './world.mjs';

export function identity() {
  const start = JSON.parse(w.text(w.streamStart));
  return {
    comment:
      'Fixed keys of no worth. Ed25519 keys from 32-byte seeds; P-256 keys from a scalar, x ‖ y in clear.',
    log: {
      seed: toHex(w.logKey.seed),
      publicKey: toHex(w.logKey.publicKey),
      origin: w.origin,
      vkey: w.logVkey,
    },
    registrar: { seed: toHex(w.registrarKey.seed), publicKey: toHex(w.registrarKey.publicKey) },
    producer: {
      scalar: toHex(w.producerKey.scalar),
      publicKey: toHex(w.producerKey.publicKey),
      keyId: toHex(producerKeyId(w.producerKey.publicKey)),
    },
    genesis: w.text(w.genesis),
    logId: toHex(w.logId),
    registrations: w.registrations.map(({ bytes, message, entry }) => ({
      entry: w.text(bytes),
      message: toHex(message),
      signature: entry.sig,
    })),
    stream: {
      entry: w.text(w.streamStart),
      message: toHex(streamMessage(w.logId, w.keyId, start)),
      signature: start.sig,
    },
    covers: [
      { key: 'loan-api', producer: 'loan-api', covered: true },
      { key: 'loan-api', producer: 'loan-api/1', covered: true },
      { key: 'loan-api', producer: 'loan-api/pod-a/2', covered: true },
      { key: 'loan-api', producer: 'loan-api2', covered: false },
      { key: 'loan-api', producer: 'loan', covered: false },
      { key: 'loan-api/1', producer: 'loan-api', covered: false },
      { key: 'loan-api/1', producer: 'loan-api/10', covered: false },
    ],
  };
}
