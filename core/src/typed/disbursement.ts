import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, equalBytes, fromHex, toHex, u64, utf8 } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { readTyped, requireLength, tagBytes } from './fixed.ts';

export const DISBURSEMENT_TAG = 'disbursement';
/** 16 + 32 + 16 + 32 + 65. */
export const DISBURSEMENT_BYTES = 161;

/** What a log shows of a payout: that somebody authorised one, not to whom or how much. */
export interface DisbursementEntry {
  /** 32 bytes */
  logId: Uint8Array;
  /** 16 random bytes */
  id: Uint8Array;
  /** 32 bytes: {@link disbursementDigest} */
  digest: Uint8Array;
  /** the authoriser's r ‖ s ‖ v over `digest`: 65 bytes, low s, v 27 or 28 */
  signature: Uint8Array;
}

/** What the borrower holds and opens to be paid. */
export interface DisbursementOpening {
  /** 32 bytes */
  logId: Uint8Array;
  /** 16 bytes; paid once, whatever the log repeats */
  decisionId: Uint8Array;
  /** lower-case 0x address */
  payee: string;
  /** in the token's smallest unit, from 1, below 2^256 */
  amount: bigint;
  /** Unix seconds: refused from then on */
  expiry: number;
  /** 32 random bytes */
  salt: Uint8Array;
}

/** The contract that pays; a digest for one holds for no other. */
export interface DisbursementPlace {
  chainId: number;
  /** lower-case 0x address */
  contract: string;
}

export const disbursementDomain = { name: 'Showcause disbursement', version: '1' } as const;
const DOMAIN_TYPE =
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)';
const TYPE =
  'Disbursement(bytes32 logId,bytes16 decisionId,address payee,uint256 amount,uint64 expiry,bytes32 salt)';

/**
 * EIP-712: keccak256(1901 ‖ domain separator ‖ keccak256(abi.encode(type hash, members))).
 * @returns 32 bytes
 * @throws {RangeError} when the opening is none
 */
export function disbursementDigest(
  opening: DisbursementOpening,
  { chainId, contract }: DisbursementPlace,
): Uint8Array {
  const { amount } = opening;
  if (amount < 1n || amount >= 1n << 256n) throw new RangeError('got an amount outside 1 to 2^256');
  const domain = keccak_256(
    concatBytes(
      keccak_256(utf8(DOMAIN_TYPE)),
      keccak_256(utf8(disbursementDomain.name)),
      keccak_256(utf8(disbursementDomain.version)),
      uintWord(BigInt(chainId)),
      addressWord(contract),
    ),
  );
  const message = keccak_256(
    concatBytes(
      keccak_256(utf8(TYPE)),
      requireLength('logId', opening.logId, 32),
      requireLength('decisionId', opening.decisionId, 16),
      new Uint8Array(16), // bytes16 is padded on its right
      addressWord(opening.payee),
      uintWord(amount),
      new Uint8Array(24),
      u64(opening.expiry),
      requireLength('salt', opening.salt, 32),
    ),
  );
  return keccak_256(concatBytes(Uint8Array.of(0x19, 0x01), domain, message));
}

/** tag 16 ‖ logId 32 ‖ id 16 ‖ digest 32 ‖ signature 65. @throws {RangeError} */
export function encodeDisbursement(entry: DisbursementEntry): Uint8Array {
  return concatBytes(
    tagBytes(DISBURSEMENT_TAG),
    requireLength('logId', entry.logId, 32),
    requireLength('id', entry.id, 16),
    requireLength('digest', entry.digest, 32),
    requireLength('signature', entry.signature, 65),
  );
}

/** @throws {ShowcauseError} `TYPED_MALFORMED` */
export function decodeDisbursement(bytes: Uint8Array): DisbursementEntry {
  return readTyped(bytes, { tag: DISBURSEMENT_TAG, width: DISBURSEMENT_BYTES }, (reader) => ({
    logId: reader.take(32),
    id: reader.take(16),
    digest: reader.take(32),
    signature: reader.take(65),
  }));
}

/**
 * Who authorised it.
 * @returns lower-case 0x address
 * @throws {ShowcauseError} `DISBURSEMENT_SIGNATURE`: malformed, of high s, or of no key
 */
export function disbursementAuthoriser({ digest, signature }: DisbursementEntry): string {
  const refuse = (got: string): never => {
    throw new ShowcauseError('DISBURSEMENT_SIGNATURE', {
      got,
      want: 'r ‖ s ‖ v, low s, v 27 or 28',
    });
  };
  const v = signature[64];
  if (signature.length !== 65 || (v !== 27 && v !== 28)) return refuse('another form');
  try {
    const parsed = secp256k1.Signature.fromBytes(signature.slice(0, 64), 'compact');
    if (parsed.hasHighS()) return refuse('high s');
    const point = parsed.addRecoveryBit(v - 27).recoverPublicKey(digest);
    return `0x${toHex(keccak_256(point.toBytes(false).slice(1)).slice(12))}`;
  } catch (cause) {
    if (cause instanceof ShowcauseError) throw cause;
    throw new ShowcauseError('DISBURSEMENT_SIGNATURE', { got: 'a signature of no key', cause });
  }
}

/**
 * Whether the opening is what the entry committed to, in that contract.
 * @throws {ShowcauseError} `DISBURSEMENT_OPENING` when it is not
 */
export function openDisbursement(
  entry: DisbursementEntry,
  opening: DisbursementOpening,
  place: DisbursementPlace,
): void {
  const isOfLog = equalBytes(entry.logId, opening.logId);
  if (!isOfLog || !equalBytes(entry.digest, disbursementDigest(opening, place)))
    throw new ShowcauseError('DISBURSEMENT_OPENING', {
      got: isOfLog ? 'another decision, payee, amount, expiry, salt or contract' : 'another log',
    });
}

function uintWord(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'), 32);
}

function addressWord(address: string): Uint8Array {
  if (!/^0x[0-9a-f]{40}$/.test(address)) throw new RangeError('got no lower-case 0x address');
  return fromHex(address.slice(2).padStart(64, '0'), 32);
}
