import { randomBytes } from 'node:crypto';
import { showcauseLogCreationCode, showcauseLogCreationCodeHash } from '@showcause/contracts';
import {
  buildClaims,
  cosignatureSigner,
  decisionClaims,
  ed25519NoteSigner,
  encodeAnchorProof,
  encodeEntry,
  encodePromise,
  encodeSignedPromise,
  formatCosignerVkey,
  formatTlogProof,
  formatVkey,
  inclusionPath,
  leafHash,
  logContractAddress,
  logIdOf,
  merkleRoot,
  openClaim,
  producerKeyId,
  proveConsistency,
  registrarMessage,
  signCheckpoint,
  slotOf,
  streamMessage,
  TreeFrontier,
  toBase64,
  toHex,
} from '@showcause/core';
import type {
  AnchorEvidence,
  ClaimTree,
  EntryOf,
  Hash,
  Json,
  KnownEntry,
  NoteSigner,
  PolicyChain,
  PromiseTerms,
  Receipt,
  TrustPolicy,
} from '@showcause/core';
import { ed25519KeySigner, generateKey, p256Signer } from '@showcause/core/node';
import type { KeyPair } from '@showcause/core/node';
import { makeStateProof } from '../../../test/support/contract-state.ts';
import type { MadeState } from '../../../test/support/contract-state.ts';
import { isoTime } from '../../src/time.ts';

export const ORIGIN = 'log.example/loans';
/** 25 Nov 2025, 09:00 UTC */
export const START = 1_764_061_200;
export const creationCode = showcauseLogCreationCode;

export const address = (digit: string): string => `0x${digit.repeat(40)}`;
export const randomId = (): string => toHex(randomBytes(16));

/** Everybody who signs something, with keys of their own. */
export interface Parties {
  log: KeyPair;
  registrar: KeyPair;
  producer: KeyPair;
  service: KeyPair;
  witness: KeyPair;
  stranger: KeyPair;
}

export function makeParties(): Parties {
  return {
    log: generateKey('log'),
    registrar: generateKey('registrar'),
    producer: generateKey('producer'),
    service: generateKey('producer'),
    witness: generateKey('log'),
    stranger: generateKey('producer'),
  };
}

export function logSigner(key: KeyPair, origin = ORIGIN): NoteSigner {
  return ed25519NoteSigner(origin, key.publicKey, ed25519KeySigner(key));
}

export const producerTypes = [
  'stream',
  'heartbeat',
  'intent',
  'decision',
  'followup',
  'explanation',
  'gap',
];
export const serviceTypes = [
  'stream',
  'heartbeat',
  'streamGap',
  'equivocation',
  'opaque',
  'governance',
];

/** A log in memory that signs whatever it holds: honest or not is up to the test. */
export class MiniLog {
  readonly entries: Uint8Array[] = [];
  readonly signers: NoteSigner[];

  constructor(signers: NoteSigner[]) {
    this.signers = signers;
  }

  append(entry: KnownEntry | Uint8Array): Uint8Array {
    const bytes = entry instanceof Uint8Array ? entry : encodeEntry(entry);
    this.entries.push(bytes);
    return bytes;
  }

  leaves(size = this.entries.length): Hash[] {
    return this.entries.slice(0, size).map((entry) => leafHash(entry));
  }
  root(size = this.entries.length): Hash {
    return merkleRoot(this.leaves(size));
  }
  checkpoint(size = this.entries.length, signers = this.signers): Uint8Array {
    return signCheckpoint({ origin: ORIGIN, size, root: this.root(size) }, signers);
  }
  proof(index: number, size = this.entries.length): string {
    return formatTlogProof({
      index,
      hashes: inclusionPath(this.leaves(size), index),
      checkpoint: this.checkpoint(size),
    });
  }
  indexOf(entry: Uint8Array): number {
    return this.entries.indexOf(entry);
  }
}

/** Consistency proof of a log in memory. */
export function consistency(
  log: MiniLog,
  oldSize: number,
  size = log.entries.length,
): Promise<Hash[]> {
  const leaves = log.leaves(size);
  return proveConsistency(oldSize, size, (nodes) =>
    Promise.resolve(
      nodes.map(({ level, index }) => {
        const tree = TreeFrontier.empty();
        tree.appendAll(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
        return tree.root();
      }),
    ),
  );
}

/** Evidence of a head in a chain made up for it, with its proof. */
export function provenAnchor(
  of: MiniLog,
  size: number,
  made: { chainId: number; contract: string } & Partial<MadeState>,
): Required<AnchorEvidence> {
  const root = of.root(size);
  const number = made.number ?? 100 + size;
  const { proof, hash } = makeStateProof({ size, root, ...made, number });
  return {
    chainId: made.chainId,
    contract: made.contract,
    size,
    root: toHex(root),
    blockNumber: number,
    blockHash: hash,
    transactionHash: null,
    checkpoint: toBase64(of.checkpoint(size)),
    proof: encodeAnchorProof(proof, inclusionPath(of.leaves(size), 0)),
  };
}

type Omitted = 'v' | 'id' | 'time' | 'producer' | 'epoch' | 'seq' | 'prev' | 'sig';
type Parts<T> = T extends KnownEntry ? Omit<T, Omitted> : never;

/** One epoch of a producer's stream. */
export class MiniStream {
  seq = 0;
  prev: string;
  time: number;
  readonly producer: string;
  readonly epoch: number;
  readonly key: KeyPair;
  readonly logId: Uint8Array;

  constructor(args: {
    producer: string;
    epoch: number;
    key: KeyPair;
    logId: Uint8Array;
    prev?: string;
    time?: number;
  }) {
    this.producer = args.producer;
    this.epoch = args.epoch;
    this.key = args.key;
    this.logId = args.logId;
    this.prev = args.prev ?? '0'.repeat(64);
    this.time = args.time ?? START;
  }

  /** Next entry of the stream; `changes` go in before it is signed. */
  make(
    parts: Parts<KnownEntry>,
    changes: Partial<{ seq: number; prev: string; time: number; key: KeyPair }> = {},
  ): Uint8Array {
    const position = {
      epoch: this.epoch,
      seq: changes.seq ?? this.seq,
      prev: changes.prev ?? this.prev,
    };
    const base = {
      v: 1,
      id: randomId(),
      time: isoTime(changes.time ?? this.time),
      producer: this.producer,
      ...position,
      ...parts,
    };
    const signed = ['gap', ...serviceTypes].includes(parts.type);
    const key = changes.key ?? this.key;
    const sig = signed
      ? {
          sig: toBase64(
            p256Signer(key)(streamMessage(this.logId, producerKeyId(key.publicKey), position)),
          ),
        }
      : {};
    const bytes = encodeEntry({ ...base, ...sig } as unknown as KnownEntry);
    this.seq = position.seq + 1;
    this.prev = toHex(leafHash(bytes));
    return bytes;
  }

  start(
    previous: EntryOf<'stream'>['previous'] = null,
    changes: Parameters<MiniStream['make']>[1] = {},
  ): Uint8Array {
    return this.make(
      {
        type: 'stream',
        event: 'start',
        key: toHex(producerKeyId(this.key.publicKey)),
        previous,
        heartbeatSeconds: 60,
      },
      changes,
    );
  }
  end(): Uint8Array {
    return this.make({
      type: 'stream',
      event: 'end',
      key: toHex(producerKeyId(this.key.publicKey)),
      previous: null,
      heartbeatSeconds: 60,
    });
  }
  heartbeat(changes: Parameters<MiniStream['make']>[1] = {}): Uint8Array {
    return this.make({ type: 'heartbeat' }, changes);
  }
  intent(deployment: string): Uint8Array {
    return this.make({
      type: 'intent',
      deployment,
      claims: toHex(randomBytes(32)),
      payload: toHex(randomBytes(32)),
    });
  }
  decision(deployment: string, intent: Uint8Array, claims: ClaimTree): Uint8Array {
    return this.make({
      type: 'decision',
      deployment,
      claims: toHex(claims.root),
      payload: toHex(randomBytes(32)),
      intent: toHex(leafHash(intent)),
    });
  }
}

export function decisionTree(values: Record<string, Json>): ClaimTree {
  const slots: Json[] = decisionClaims.paths.map(() => null);
  for (const [member, value] of Object.entries(values))
    slots[slotOf(decisionClaims, [member])] = value;
  return buildClaims(
    decisionClaims,
    slots,
    new Uint8Array(randomBytes(32 * decisionClaims.paths.length)),
  );
}

/** A promise of the given leaves, signed. */
export function promiseOf(
  stream: Pick<MiniStream, 'epoch' | 'logId'>,
  key: KeyPair,
  firstSeq: number,
  leaves: readonly Hash[],
  changes: Partial<PromiseTerms> = {},
): Uint8Array {
  const bytes = encodePromise({
    logId: stream.logId,
    keyId: producerKeyId(key.publicKey),
    epoch: stream.epoch,
    firstSeq,
    count: leaves.length,
    signedAt: START + 10,
    mergeBy: START + 86_410,
    batchRoot: merkleRoot(leaves),
    ...changes,
  });
  return encodeSignedPromise({ bytes, signature: p256Signer(key)(bytes) });
}

export function signRegistration(registrar: KeyPair, logId: Uint8Array, entry: object): Uint8Array {
  const sig = toBase64(ed25519KeySigner(registrar)(registrarMessage(logId, entry)));
  return encodeEntry({ ...entry, sig } as unknown as KnownEntry);
}

export function keyEntry(
  parties: Parties,
  logId: Uint8Array,
  facts: { producer: string; key: KeyPair; types: readonly string[] },
  registrar: KeyPair = parties.registrar,
): Uint8Array {
  const entry = {
    v: 1,
    type: 'key',
    id: randomId(),
    time: isoTime(START),
    action: 'add',
    producer: facts.producer,
    key: toHex(facts.key.publicKey),
    types: [...facts.types],
  };
  return signRegistration(registrar, logId, entry);
}

export function deploymentEntry(
  parties: Parties,
  logId: Uint8Array,
  facts: { development?: boolean; producer?: string } = {},
  registrar: KeyPair = parties.registrar,
): Uint8Array {
  return signRegistration(registrar, logId, {
    v: 1,
    type: 'deployment',
    id: randomId(),
    time: isoTime(START),
    producer: facts.producer ?? 'loan-api',
    development: facts.development ?? false,
    facts: { system: 'loans', model: null },
  });
}

/** An entry that names another contract of the log. */
export function anchorageEntry(
  parties: Parties,
  logId: Uint8Array,
  facts: Pick<EntryOf<'anchorage'>, 'contract' | 'succession'>,
  registrar: KeyPair = parties.registrar,
): Uint8Array {
  return signRegistration(registrar, logId, {
    v: 1,
    type: 'anchorage',
    id: randomId(),
    time: isoTime(START),
    ...facts,
  });
}

/** A new log with genesis, keys and a deployment in it, and the policy for it. */
export interface World {
  parties: Parties;
  log: MiniLog;
  logId: Uint8Array;
  genesis: Uint8Array;
  policy: TrustPolicy;
  key: Uint8Array;
  /** hex leaf hash of the deployment entry */
  deployment: string;
  chain: PolicyChain;
  contract: NonNullable<EntryOf<'genesis'>['contract']>;
  stream(epoch?: number, time?: number, prev?: string): MiniStream;
  serviceStream(epoch?: number, time?: number): MiniStream;
}

export interface WorldOptions {
  witnesses?: boolean;
  parties?: Parties;
  /** addresses of operator and countersigner */
  roles?: { operator: string; countersigner: string };
}

export function makeWorld(options: WorldOptions = {}): World {
  const parties = options.parties ?? makeParties();
  const contract = {
    chainId: 31_337,
    factory: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
    salt: `0x${toHex(randomBytes(32))}`,
    creationCodeHash: showcauseLogCreationCodeHash,
    operator: options.roles?.operator ?? address('1'),
    countersigner: options.roles?.countersigner ?? address('2'),
    guardian: address('3'),
    timelock: address('4'),
  };
  const genesis = encodeEntry({
    v: 1,
    type: 'genesis',
    id: randomId(),
    time: isoTime(START),
    origin: ORIGIN,
    log: formatVkey(ORIGIN, parties.log.publicKey),
    registrar: toHex(parties.registrar.publicKey),
    contract,
  });
  const logId = logIdOf(genesis);
  const chain = {
    chainId: contract.chainId,
    contract: logContractAddress(logId, contract, creationCode),
    development: true,
  };
  const witness = cosignatureSigner(
    'witness.example/w1',
    parties.witness.publicKey,
    START + 20,
    ed25519KeySigner(parties.witness),
  );
  const policy: TrustPolicy = {
    v: 1,
    logId: toHex(logId),
    origin: ORIGIN,
    logKeys: [formatVkey(ORIGIN, parties.log.publicKey)],
    registrar: toHex(parties.registrar.publicKey),
    chains: [chain],
    witnesses:
      options.witnesses === true
        ? {
            quorum: 1,
            keys: [
              {
                name: 'w1',
                vkey: formatCosignerVkey('witness.example/w1', parties.witness.publicKey),
              },
            ],
          }
        : { quorum: 0, keys: [] },
  };
  const log = new MiniLog([
    logSigner(parties.log),
    ...(options.witnesses === true ? [witness] : []),
  ]);
  const key = keyEntry(parties, logId, {
    producer: 'loan-api',
    key: parties.producer,
    types: producerTypes,
  });
  const deployment = deploymentEntry(parties, logId);
  log.append(genesis);
  log.append(
    keyEntry(parties, logId, {
      producer: 'anchor-service',
      key: parties.service,
      types: serviceTypes,
    }),
  );
  log.append(key);
  log.append(deployment);
  return {
    parties,
    log,
    logId,
    genesis,
    policy,
    key,
    deployment: toHex(leafHash(deployment)),
    chain,
    contract,
    stream: (epoch = 1, time = START, prev = '0'.repeat(64)) =>
      new MiniStream({ producer: 'loan-api', epoch, key: parties.producer, logId, time, prev }),
    serviceStream: (epoch = 1, time = START) =>
      new MiniStream({ producer: 'anchor-service', epoch, key: parties.service, logId, time }),
  };
}

export const RESPONSE = new TextEncoder().encode('{"decision":"denied"}');
export const REASONS = [
  { code: 'R01', rank: 1, text: 'Income too low for the amount', features: ['income'] },
  { code: 'R07', rank: 2, text: 'Short time at present employer', features: ['employed'] },
];

/** A world with one decision, its receipt complete with proof, cosignature and anchor. */
export interface ReceiptWorld extends World {
  receipt: Receipt;
  decision: Uint8Array;
  intent: Uint8Array;
  claims: ClaimTree;
  live: MiniStream;
  /** leaves of the promise's batch, and the place of the decision in it */
  batch: { leaves: Hash[]; index: number; firstSeq: number };
  anchor: AnchorEvidence;
}

export function makeReceiptWorld(
  responseHash: string,
  options: WorldOptions = { witnesses: true },
): ReceiptWorld {
  const world = makeWorld(options);
  const live = world.stream();
  world.log.append(live.start());
  const claims = decisionTree({
    decisionId: randomId(),
    status: 'decided',
    outcome: 'denied',
    reasons: REASONS,
    responseHash,
    responseStatus: 200,
  });
  const firstSeq = live.seq;
  const intent = world.log.append(live.intent(world.deployment));
  const decision = world.log.append(live.decision(world.deployment, intent, claims));
  const heartbeat = world.log.append(live.heartbeat());
  const leaves = [intent, decision, heartbeat].map((entry) => leafHash(entry));
  const size = world.log.entries.length;
  const anchor: AnchorEvidence = {
    chainId: world.chain.chainId,
    contract: world.chain.contract,
    size,
    root: toHex(world.log.root()),
    blockNumber: 12,
    blockHash: `0x${'ab'.repeat(32)}`,
    transactionHash: `0x${'cd'.repeat(32)}`,
    checkpoint: toBase64(world.log.checkpoint()),
  };
  const receipt: Receipt = {
    v: 1,
    type: 'showcause/receipt',
    logId: world.policy.logId,
    entry: toBase64(decision),
    promise: toBase64(promiseOf(live, world.parties.producer, firstSeq, leaves)),
    batch: { index: 1, path: inclusionPath(leaves, 1).map(toHex) },
    openings: ['outcome', 'reasons', 'responseHash', 'status', 'decisionId'].map((member) =>
      openClaim(claims, [member]),
    ),
    key: toBase64(world.key),
    genesis: toBase64(world.genesis),
    proof: world.log.proof(world.log.indexOf(decision)),
    anchor,
  };
  return {
    ...world,
    receipt,
    decision,
    intent,
    claims,
    live,
    batch: { leaves, index: 1, firstSeq },
    anchor,
  };
}
