import { fromHex, toHex } from '@showcause/core';
import {
  concatHex,
  domainSeparator,
  getTypesForEIP712Domain,
  hashStruct,
  hexToBytes,
  keccak256,
  recoverAddress,
  serializeTransaction,
  toPrefixedMessage,
} from 'viem';
import type { Hex, TypedData, TypedDataDefinition, TypedDataDomain } from 'viem';
import { toAccount } from 'viem/accounts';
import type { LocalAccount } from 'viem/accounts';
import { SignerError } from './errors.ts';

/** Signs keccak256(preimage) with ECDSA over secp256k1, somewhere else: r ‖ s, 64 bytes, s of either half. */
export type SignPreimage = (preimage: Uint8Array) => Promise<Uint8Array>;

interface Parts {
  r: Hex;
  s: Hex;
  yParity: 0 | 1;
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * An account whose key lies elsewhere. What comes back is believed for nothing: s is turned to its lower half (EIP-2),
 * v is found by recovering the address, and a signature that recovers to any other address is refused.
 * @param address  0x hex, that of the key
 * @throws {SignerError} from its methods: `SIGNER_ANSWER` and what `sign` throws
 */
export function externalAccount(address: string, sign: SignPreimage): LocalAccount {
  const signed = async (preimage: Hex): Promise<Parts> =>
    partsOf(await sign(hexToBytes(preimage)), keccak256(preimage), address);
  return toAccount({
    address: address as Hex,
    signMessage: async ({ message }) => joined(await signed(toPrefixedMessage(message))),
    async signTransaction(transaction, { serializer = serializeTransaction } = {}) {
      const preimage = await serializer(transaction);
      return serializer(transaction, await signed(preimage));
    },
    signTypedData: async (definition) => joined(await signed(typedDataPreimage(definition))),
  });
}

/** 0x1901 ‖ domain separator ‖ hashStruct(message): EIP-712's bytes before their hash. */
function typedDataPreimage<
  const types extends TypedData | Record<string, unknown>,
  primaryType extends keyof types | 'EIP712Domain',
>(definition: TypedDataDefinition<types, primaryType>): Hex {
  const { domain = {}, message, primaryType, types } = definition as unknown as Loose;
  const all = { EIP712Domain: getTypesForEIP712Domain({ domain }), ...types };
  const struct = hashStruct({ data: message, primaryType, types: all });
  return concatHex(['0x1901', domainSeparator({ domain }), struct]);
}

/** What viem's types tell apart by each schema. */
interface Loose {
  domain?: TypedDataDomain;
  message: Record<string, unknown>;
  primaryType: 'EIP712Domain';
  types: Record<string, readonly { name: string; type: string }[]>;
}

async function partsOf(raw: Uint8Array, hash: Hex, address: string): Promise<Parts> {
  if (raw.length !== 64)
    throw new SignerError('SIGNER_ANSWER', { got: `${raw.length} bytes`, want: 'r ‖ s, 64' });
  const r: Hex = `0x${toHex(raw.subarray(0, 32))}`;
  const s = lowS(BigInt(`0x${toHex(raw.subarray(32))}`));
  for (const yParity of [0, 1] as const)
    if (await recovers({ r, s, yParity }, hash, address)) return { r, s, yParity };
  throw new SignerError('SIGNER_ANSWER', { got: 'a signature by another key', want: address });
}

async function recovers(parts: Parts, hash: Hex, address: string): Promise<boolean> {
  try {
    const signature = { ...parts, v: BigInt(27 + parts.yParity) };
    return (await recoverAddress({ hash, signature })).toLowerCase() === address.toLowerCase();
  } catch {
    return false; // r is no x coordinate, or out of range
  }
}

function lowS(s: bigint): Hex {
  return `0x${(s > ORDER / 2n ? ORDER - s : s).toString(16).padStart(64, '0')}`;
}

/** r ‖ s ‖ v, v 27 or 28. */
function joined({ r, s, yParity }: Parts): Hex {
  return concatHex([r, s, yParity === 0 ? '0x1b' : '0x1c']);
}

/** r ‖ s of 0x hex r ‖ s ‖ v. @param signature  65 bytes */
export function withoutV(signature: string): Uint8Array {
  return fromHex(signature.slice(2, 130), 64);
}
