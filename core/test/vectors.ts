import { expect } from '@jest/globals';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ed25519NoteSigner, fromBase64 } from '../src/index.ts';
import type { NoteSigner } from '../src/index.ts';

/** A file of spec/vectors. */
export function readVectors<T>(name: string): T {
  const url = new URL(`../../spec/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}

/** A refusal by its code. */
export function code(code: string): unknown {
  return expect.objectContaining({ name: 'ShowcauseError', code });
}

/** An Ed25519 key pair from 32 secret bytes. */
export function ed25519(seed: Uint8Array): {
  publicKey: Uint8Array;
  sign: (message: Uint8Array) => Uint8Array;
} {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** A signer key in the form of golang.org/x/mod. */
export function signerOf(skey: string): NoteSigner {
  const [, , name, , encoded] = skey.split(/\+/, 5) as [string, string, string, string, string];
  const key = fromBase64(skey.slice(skey.lastIndexOf(`+${encoded}`) + 1));
  const pair = ed25519(key.subarray(1));
  return ed25519NoteSigner(name, pair.publicKey, pair.sign);
}
