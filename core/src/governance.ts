import { keccak_256 } from '@noble/hashes/sha3.js';
import { fromHex, toHex } from './bytes.ts';
import type { EntryOf } from './entry.ts';
import { ShowcauseError } from './errors.ts';

/** What one event of a log's contract says, and where it stands on the chain: the members of a `governance` entry. */
export type GovernanceRecord = Pick<EntryOf<'governance'>, 'at' | 'event'>;
export type GovernanceEvent = GovernanceRecord['event'];
type EventName = GovernanceEvent['name'];

const signatures: Readonly<Record<EventName, string>> = {
  Halted: 'Halted(address)',
  Resumed: 'Resumed()',
  Frozen: 'Frozen(address,uint64)',
  Unfrozen: 'Unfrozen()',
  OperatorRotated: 'OperatorRotated(address,address)',
  CountersignerRotated: 'CountersignerRotated(address,address)',
  GuardianRotated: 'GuardianRotated(address,address)',
};

const nameOfTopic = new Map<string, EventName>(
  Object.entries(signatures).map(([name, signature]) => [
    `0x${toHex(keccak_256(new TextEncoder().encode(signature)))}`,
    name as EventName,
  ]),
);

/** First topics of the contract's events that a log records, lower-case 0x hex. */
export const governanceTopics: readonly string[] = [...nameOfTopic.keys()];

/**
 * Reads one element of what `eth_getLogs` answers, which is still untrusted: an event of `contract` that a log records,
 * in a block of the chain.
 *
 * @param contract  lower-case 0x hex, 20 bytes
 * @throws {ShowcauseError} `GOVERNANCE_EVENT`
 */
export function readGovernanceLog(
  log: unknown,
  { chainId, contract }: { chainId: number; contract: string },
): GovernanceRecord {
  const of = members(log);
  if (hex(of['address'], 20) !== contract) refuse('an event of another address', contract);
  // Told by nodes of an event whose block went away.
  if (of['removed'] === true) refuse('an event that was removed', 'one in a block of the chain');
  return {
    at: {
      chainId,
      contract,
      blockNumber: quantity(of['blockNumber']),
      blockHash: hex(of['blockHash'], 32),
      transactionHash: hex(of['transactionHash'], 32),
      logIndex: quantity(of['logIndex']),
    },
    event: eventOf(list(of['topics']), of['data']),
  };
}

/** What is the same event and no other: one place in one block. */
export function governanceKey({ at }: GovernanceRecord): string {
  return `${at.chainId} ${at.contract} ${at.blockHash} ${at.logIndex}`;
}

/** In the order of the chain. */
export function inChainOrder(a: GovernanceRecord, b: GovernanceRecord): number {
  return a.at.blockNumber - b.at.blockNumber || a.at.logIndex - b.at.logIndex;
}

function eventOf(topics: readonly unknown[], data: unknown): GovernanceEvent {
  const name = nameOfTopic.get(hex(topics[0], 32));
  switch (name) {
    case 'Resumed':
    case 'Unfrozen':
      expect(topics, 1, data, 0);
      return { name };
    case 'Halted':
      expect(topics, 2, data, 0);
      return { name, by: address(topics[1]) };
    case 'Frozen':
      expect(topics, 2, data, 32);
      return { name, by: address(topics[1]), until: smallWord(data) };
    case undefined:
      return refuse('an unknown event', Object.keys(signatures).join(', '));
    default:
      expect(topics, 3, data, 0);
      return { name, from: address(topics[1]), to: address(topics[2]) };
  }
}

function expect(topics: readonly unknown[], count: number, data: unknown, bytes: number): void {
  if (topics.length !== count) refuse(`${topics.length} topics`, `${count}`);
  hex(data, bytes);
}

/** The last 20 bytes of a topic, behind zeros. */
function address(topic: unknown): string {
  const word = hex(topic, 32);
  if (!/^0x0{24}/.test(word)) refuse('a topic that holds no address', '12 zero bytes before it');
  return `0x${word.slice(26)}`;
}

function smallWord(data: unknown): number {
  const value = BigInt(hex(data, 32));
  return value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : refuse('a time of 2^53 or more', 'Unix seconds');
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : refuse('no object', 'an event');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse('no topics', 'a list');
}

/** Lower case. */
function hex(value: unknown, bytes: number): string {
  if (typeof value !== 'string' || !value.startsWith('0x'))
    return refuse('no hex', `${bytes} bytes`);
  try {
    return `0x${toHex(fromHex(value.slice(2).toLowerCase(), bytes))}`;
  } catch (cause) {
    throw new ShowcauseError('GOVERNANCE_EVENT', {
      got: 'another length',
      want: `${bytes} bytes`,
      cause,
    });
  }
}

function quantity(value: unknown): number {
  if (typeof value !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]{0,12})$/.test(value))
    return refuse('no quantity', 'a number of the chain');
  return Number(value);
}

function refuse(got: string, want: string): never {
  throw new ShowcauseError('GOVERNANCE_EVENT', { got, want });
}
