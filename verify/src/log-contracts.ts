import {
  equalBytes,
  fromHex,
  leafHash,
  logContractAddress,
  logSuccessorAddress,
  parseEntryOf,
  verifyConsistency,
  verifyInclusion,
  verifyRegistration,
} from '@showcause/core';
import type { Checkpoint, EntryOf, Hash, TrustPolicy } from '@showcause/core';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { detailed } from './report.ts';
import type { Checklist, Step } from './report.ts';

/** Published creation code by the kind of contract, 0x hex. */
export interface PublishedCode {
  /** of the contract that begins at genesis */
  first: string;
  /** of one that takes over from another; undefined: successors could not be checked */
  successor: string | undefined;
}

/** An `anchorage` entry with what shows its place in the log, all under one head of the log. */
export interface LoggedAnchorage {
  index: number;
  /** exact bytes of the entry */
  bytes: Uint8Array;
  /** inclusion path under the log's head */
  path: readonly Hash[];
  /** consistency proof from the size at hand-over to the log's head; null for another chain's first contract */
  handover: readonly Hash[] | null;
}

/** A contract that the log names. */
export interface LogContract {
  chainId: number;
  /** lower-case 0x hex */
  address: string;
  /** index of the entry that names it */
  index: number;
  /** size at which it handed over to a successor; null: it did not */
  until: number | null;
}

/**
 * The contracts of a log in the order in which it names them: that of genesis, then those of its `anchorage` entries.
 * @param anchorages  in order of their index
 */
export function checkContracts(
  list: Checklist,
  policy: TrustPolicy,
  facts: {
    genesis: Step<EntryOf<'genesis'>>;
    code: PublishedCode;
    head: Step<Checkpoint>;
    anchorages: readonly LoggedAnchorage[];
  },
): Step<readonly LogContract[]> {
  return list.run('anchor-contracts', () => {
    const known = firstContract(policy, { genesis: facts.genesis, creationCode: facts.code.first });
    const head = facts.head.use();
    for (const anchorage of facts.anchorages)
      known.push(followed(policy, known, head, anchorage, facts.code));
    return detailed(known, known.map(named).join('; '));
  });
}

/** The contract that genesis implies; none where it names none. */
export function firstContract(
  policy: TrustPolicy,
  facts: { genesis: Step<EntryOf<'genesis'>>; creationCode: string },
): LogContract[] {
  const { contract } = facts.genesis.use();
  if (contract === null) return [];
  const address = logContractAddress(fromHex(policy.logId, 32), contract, facts.creationCode);
  return [{ chainId: contract.chainId, address, index: 0, until: null }];
}

function named({ address, chainId, index }: LogContract): string {
  return `${address} on chain ${chainId} by entry ${index}`;
}

/** @throws {CodedError} when the registrar did not sign the entry, it is not in the log, or it does not go on from a head of the log */
function followed(
  policy: TrustPolicy,
  known: readonly LogContract[],
  head: Checkpoint,
  { index, bytes, path, handover }: LoggedAnchorage,
  code: PublishedCode,
): LogContract {
  const logId = fromHex(policy.logId, 32);
  verifyInclusion(leafHash(bytes), index, head.size, head.root, path);
  const entry = parseEntryOf('anchorage', bytes);
  verifyRegistration(entry, logId, fromHex(policy.registrar, 32));
  const { contract, succession } = entry;
  const { chainId } = contract;
  const before = known.findLast((each) => each.chainId === chainId);
  if (succession === null) {
    if (before !== undefined)
      throw refused(index, `a second first contract on chain ${chainId}`, 'a successor');
    return {
      chainId,
      address: logContractAddress(logId, contract, code.first),
      index,
      until: null,
    };
  }
  if (before === undefined || before.address !== succession.from)
    throw refused(
      index,
      `a successor of ${succession.from}`,
      `of ${before?.address ?? 'no contract'}`,
    );
  requireHandover(index, succession, head, handover);
  if (code.successor === undefined)
    throw new CouldNotCheck(
      'VERIFY_CHAIN',
      `entry ${index} names a successor, whose code is not at hand`,
    );
  before.until = succession.size;
  const address = logSuccessorAddress(contract, succession, code.successor);
  return { chainId, address, index, until: null };
}

type Succession = NonNullable<EntryOf<'anchorage'>['succession']>;

/** The head at hand-over is one of the log, and the successor's first head extends it and is older than the entry. */
function requireHandover(
  index: number,
  { size, root, first }: Succession,
  head: Checkpoint,
  handover: readonly Hash[] | null,
): void {
  if (first.size > index)
    throw refused(index, `a first head of ${first.size} leaves`, `at most the entry's own index`);
  if (first.size === size) {
    if (first.root !== root || first.proof.length > 0)
      throw refused(index, `root ${first.root}`, `root ${root}`);
  } else
    verifyConsistency(
      size,
      fromHex(root, 32),
      first.size,
      fromHex(first.root, 32),
      first.proof.map((hash) => fromHex(hash, 32)),
    );
  if (handover === null)
    throw new CouldNotCheck(
      'VERIFY_MISSING',
      `no consistency proof from ${first.size} for entry ${index}`,
    );
  requireExtension({ size: first.size, root: fromHex(first.root, 32) }, head, handover);
}

function requireExtension(
  from: { size: number; root: Hash },
  head: Checkpoint,
  proof: readonly Hash[],
): void {
  if (from.size === head.size && equalBytes(from.root, head.root)) return;
  verifyConsistency(from.size, from.root, head.size, head.root, proof);
}

function refused(index: number, got: string, want: string): VerifyError {
  return new VerifyError('VERIFY_ANCHORAGE', { got: `${got} in entry ${index}`, want });
}
