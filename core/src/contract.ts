import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex, toHex } from './bytes.ts';
import { ShowcauseError } from './errors.ts';

/** How a log's contract is made: the `contract` member of its genesis entry. All strings are lower-case 0x hex. */
export interface GenesisContract {
  chainId: number;
  /** CREATE2 factory, 20 bytes */
  factory: string;
  /** 32 bytes */
  salt: string;
  /** keccak256 of the creation code without constructor arguments, 32 bytes */
  creationCodeHash: string;
  operator: string;
  countersigner: string;
  guardian: string;
  timelock: string;
}

/**
 * Where the log's contract is or will be: CREATE2 (EIP-1014) from factory, salt and init code. The init code holds
 * logId and every role, so nothing else can stand at this address.
 *
 * @param logId         32 bytes
 * @param creationCode  0x hex, without constructor arguments
 * @returns lower-case 0x hex, 20 bytes
 * @throws {ShowcauseError} `CONTRACT_CODE` when genesis names another creation code; `BYTES_*`
 */
export function logContractAddress(
  logId: Uint8Array,
  contract: GenesisContract,
  creationCode: string,
): `0x${string}` {
  return create2Address(
    contract.factory,
    contract.salt,
    logContractInitCode(logId, contract, creationCode),
  );
}

/**
 * The address that EIP-1014 gives: the last 20 bytes of keccak256(0xff ‖ factory ‖ salt ‖ keccak256(initCode)).
 *
 * @param factory  0x hex, 20 bytes
 * @param salt     0x hex, 32 bytes
 * @throws {ShowcauseError} `BYTES_*`
 */
export function create2Address(factory: string, salt: string, initCode: Uint8Array): `0x${string}` {
  const preimage = concatBytes(
    Uint8Array.of(0xff),
    fromPrefixed(factory, 20),
    fromPrefixed(salt, 32),
    keccak_256(initCode),
  );
  return `0x${toHex(keccak_256(preimage).subarray(12))}`;
}

/**
 * What the factory runs: creation code ‖ abi.encode(logId, operator, countersigner, guardian, timelock).
 * @throws {ShowcauseError} as {@link logContractAddress}
 */
export function logContractInitCode(
  logId: Uint8Array,
  contract: GenesisContract,
  creationCode: string,
): Uint8Array {
  if (logId.length !== 32) throw new RangeError(`got a logId of ${logId.length} bytes, want 32`);
  const code = fromPrefixed(creationCode);
  const hash = `0x${toHex(keccak_256(code))}`;
  if (hash !== contract.creationCodeHash)
    throw new ShowcauseError('CONTRACT_CODE', { got: hash, want: contract.creationCodeHash });
  const roles = [contract.operator, contract.countersigner, contract.guardian, contract.timelock];
  return concatBytes(code, logId, ...roles.map(addressWord));
}

/** An address as an ABI word: 12 zero bytes before it. */
function addressWord(address: string): Uint8Array {
  return concatBytes(new Uint8Array(12), fromPrefixed(address, 20));
}

function fromPrefixed(text: string, length?: number): Uint8Array {
  if (!text.startsWith('0x'))
    throw new ShowcauseError('BYTES_ENCODING', { got: 'no 0x', want: '0x hex' });
  return fromHex(text.slice(2), length);
}
