import { fromHex, toHex } from '@showcause/core';
import { privateKeyToAccount } from 'viem/accounts';
import type { PrivateKeyAccount } from 'viem/accounts';
import { publicKeyToAddress } from 'viem/utils';

/** The signing account of a role's key. @param secretKey secp256k1 scalar, 32 bytes */
export function ethereumAccount(secretKey: Uint8Array): PrivateKeyAccount {
  if (secretKey.length !== 32)
    throw new RangeError(`got a secret of ${secretKey.length} bytes, want 32`);
  return privateKeyToAccount(`0x${toHex(secretKey)}`);
}

/** x ‖ y, 64 bytes. @param secretKey secp256k1 scalar, 32 bytes */
export function ethereumPublicKey(secretKey: Uint8Array): Uint8Array {
  return fromHex(ethereumAccount(secretKey).publicKey.slice(4), 64);
}

/** Lower-case 0x address. @param publicKey secp256k1 x ‖ y, 64 bytes */
export function ethereumAddress(publicKey: Uint8Array): `0x${string}` {
  if (publicKey.length !== 64)
    throw new RangeError(`got ${publicKey.length} bytes, want x ‖ y, 64`);
  return publicKeyToAddress(`0x04${toHex(publicKey)}`).toLowerCase() as `0x${string}`;
}
