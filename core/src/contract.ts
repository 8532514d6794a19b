import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex, toHex, u64 } from './bytes.ts';
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
  return concatBytes(checkedCode(contract, creationCode), logId, ...roleWords(contract));
}

/** How a contract takes over a log from another one: the `succession` member of its `anchorage` entry. */
export interface Succession {
  /** the predecessor's address, lower-case 0x hex */
  from: string;
  /** the predecessor's head at hand-over; root is hex, 32 bytes */
  size: number;
  root: string;
  /** the head that the successor begins with, and the consistency proof, hex, from the predecessor's; empty where it is the same */
  first: { size: number; root: string; proof: readonly string[] };
}

/**
 * Where a successor is or will be. Its init code holds predecessor, first head and every role.
 * @param creationCode  of the successor, 0x hex, without constructor arguments
 * @throws {ShowcauseError} `CONTRACT_CODE` when the entry names another creation code; `BYTES_*`
 */
export function logSuccessorAddress(
  contract: GenesisContract,
  succession: Succession,
  creationCode: string,
): `0x${string}` {
  return create2Address(
    contract.factory,
    contract.salt,
    logSuccessorInitCode(contract, succession, creationCode),
  );
}

/**
 * Creation code ‖ abi.encode(from, size, root, proof, (operator, countersigner, guardian, timelock)).
 * @throws {ShowcauseError} as {@link logSuccessorAddress}
 */
export function logSuccessorInitCode(
  contract: GenesisContract,
  { from, first }: Succession,
  creationCode: string,
): Uint8Array {
  const fixed = [addressWord(from), uintWord(first.size), fromHex(first.root, 32)];
  const roles = roleWords(contract);
  // The dynamic list stands behind all fixed words, of which its offset is one.
  const offset = uintWord(32 * (fixed.length + 1 + roles.length));
  const proof = first.proof.map((hash) => fromHex(hash, 32));
  const code = checkedCode(contract, creationCode);
  return concatBytes(code, ...fixed, offset, ...roles, uintWord(proof.length), ...proof);
}

function checkedCode({ creationCodeHash }: GenesisContract, creationCode: string): Uint8Array {
  const code = fromPrefixed(creationCode);
  const hash = `0x${toHex(keccak_256(code))}`;
  if (hash !== creationCodeHash)
    throw new ShowcauseError('CONTRACT_CODE', { got: hash, want: creationCodeHash });
  return code;
}

function roleWords({ operator, countersigner, guardian, timelock }: GenesisContract): Uint8Array[] {
  return [operator, countersigner, guardian, timelock].map(addressWord);
}

function uintWord(value: number): Uint8Array {
  return concatBytes(new Uint8Array(24), u64(value));
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
