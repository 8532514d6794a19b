import { keccak_256 } from '@noble/hashes/sha3.js';
import { toHex } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { decodeRlpStrings } from './rlp.ts';

/** A header has some 600 bytes; chains of authorities sign in `extraData` and need more. */
export const MAX_HEADER_BYTES = 8192;
/** Frontier had 15 fields; every fork since appended some. */
const LEAST_FIELDS = 15;
const MOST_FIELDS = 40;

/** What of a block header is read; its other fields are bound by the hash and mean nothing here. */
export interface BlockHeader {
  /** lower-case 0x hex: keccak256 of the header's RLP */
  hash: string;
  number: number;
  /** Unix seconds */
  timestamp: number;
  /** 32 bytes */
  stateRoot: Uint8Array;
}

/** The first fifteen fields in order, with the length each must have; null: as its own check says. */
const fieldLengths = [32, 32, 20, 32, 32, 32, 256, null, null, null, null, null, null, 32, 8];
const STATE_ROOT = 3;
const NUMBER = 8;
const TIMESTAMP = 11;

/**
 * Reads the RLP of a block header of any fork. It proves nothing until its hash is compared with one that is trusted.
 * @throws {ShowcauseError} `RLP_MALFORMED`, `BLOCK_HEADER`
 * @see Ethereum yellow paper, section 4.4; EIP-1559, 4895, 4844, 4788 and 7685 for the fields appended since
 */
export function decodeBlockHeader(bytes: Uint8Array): BlockHeader {
  if (bytes.length > MAX_HEADER_BYTES)
    refuse(`${bytes.length} bytes`, `at most ${MAX_HEADER_BYTES}`);
  const fields = decodeRlpStrings(bytes);
  if (fields.length < LEAST_FIELDS || fields.length > MOST_FIELDS)
    refuse(`${fields.length} fields`, `${LEAST_FIELDS} to ${MOST_FIELDS}`);
  for (const [at, length] of fieldLengths.entries())
    if (length !== null && fields[at]!.length !== length)
      refuse(`${fields[at]!.length} bytes in field ${at}`, `${length}`);
  return {
    hash: `0x${toHex(keccak_256(bytes))}`,
    number: scalar(fields[NUMBER]!, 'number'),
    timestamp: scalar(fields[TIMESTAMP]!, 'timestamp'),
    stateRoot: fields[STATE_ROOT]!,
  };
}

function scalar(bytes: Uint8Array, name: string): number {
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (bytes[0] === 0 || !Number.isSafeInteger(value))
    refuse(`a ${name} of ${bytes.length} bytes`, 'an integer below 2^53 without leading zeros');
  return value;
}

function refuse(got: string, want: string): never {
  throw new ShowcauseError('BLOCK_HEADER', { got, want });
}
