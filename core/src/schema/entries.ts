/**
 * The entry schemas, JSON Schema 2020-12: the one source of the types in `../entry.ts`, of the
 * validators that the build makes, and of `spec/schema/entry.schema.json`. Unknown members are
 * kept verbatim, so every object is open. Patterns are ECMA-262, printable ASCII where names are
 * free. No `maxLength` or `format`: the standalone validators
 * then need no run-time library.
 */
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const id = { type: 'string', pattern: '^[0-9a-f]{32}$' } as const;
const time = {
  type: 'string',
  pattern:
    '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$',
} as const;
const count = { type: 'integer', minimum: 0, maximum: 9007199254740991 } as const;
const signature = { type: 'string', pattern: '^[A-Za-z0-9+/]{85}[AQgw]==$' } as const;
const producerName = {
  type: 'string',
  pattern: '^(?=.{1,64}$)[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$',
} as const;
const typeTag = { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9.-]{0,63}$' } as const;
const address = { type: 'string', pattern: '^0x[0-9a-f]{40}$' } as const;
const bytes32 = { type: 'string', pattern: '^0x[0-9a-f]{64}$' } as const;
/** A size that a contract can hold: below 2^48. */
const chainSize = { type: 'integer', minimum: 1, maximum: 281474976710655 } as const;
const base64 = {
  type: 'string',
  pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$',
} as const;
/** base64 of 212 bytes */
const signedPromise = {
  type: 'string',
  pattern: '^[A-Za-z0-9+/]{282}[AEIMQUYcgkosw048]=$',
} as const;

const head = { v: { const: 1 }, id, time } as const;
const position = { producer: producerName, epoch: count, seq: count, prev: hash } as const;
const inStream = ['v', 'type', 'id', 'time', 'producer', 'epoch', 'seq', 'prev'] as const;
const sealed = { deployment: hash, claims: hash, payload: hash } as const;

export const contractSchema = {
  type: 'object',
  required: [
    'chainId',
    'factory',
    'salt',
    'creationCodeHash',
    'operator',
    'countersigner',
    'guardian',
    'timelock',
  ],
  properties: {
    chainId: { type: 'integer', minimum: 1, maximum: 9007199254740991 },
    factory: address,
    salt: bytes32,
    creationCodeHash: bytes32,
    operator: address,
    countersigner: address,
    guardian: address,
    timelock: address,
  },
} as const;

export const genesisSchema = {
  type: 'object',
  required: ['v', 'type', 'id', 'time', 'origin', 'log', 'registrar', 'contract'],
  properties: {
    ...head,
    type: { const: 'genesis' },
    origin: { type: 'string', pattern: '^[!-*,-~]{1,200}$' },
    log: { type: 'string', pattern: '^[!-~]{1,400}$' },
    registrar: hash,
    contract: { anyOf: [{ type: 'null' }, contractSchema] },
  },
} as const;

export const keySchema = {
  type: 'object',
  required: ['v', 'type', 'id', 'time', 'action', 'producer', 'key', 'types', 'sig'],
  properties: {
    ...head,
    type: { const: 'key' },
    action: { enum: ['add', 'revoke'] },
    producer: producerName,
    key: { type: 'string', pattern: '^[0-9a-f]{128}$' },
    types: { type: 'array', maxItems: 64, items: typeTag },
    closes: {
      type: 'array',
      maxItems: 4096,
      items: {
        type: 'object',
        required: ['producer', 'epoch', 'seq', 'leaf'],
        properties: { producer: producerName, epoch: count, seq: count, leaf: hash },
      },
    },
    sig: signature,
  },
} as const;

/** Another contract of the log: the first one on another chain, or one that takes over from another on its chain. */
export const anchorageSchema = {
  type: 'object',
  required: ['v', 'type', 'id', 'time', 'contract', 'succession', 'sig'],
  properties: {
    ...head,
    type: { const: 'anchorage' },
    contract: contractSchema,
    succession: {
      anyOf: [
        { type: 'null' },
        {
          type: 'object',
          required: ['from', 'size', 'root', 'first'],
          properties: {
            from: address,
            size: chainSize,
            root: hash,
            first: {
              type: 'object',
              required: ['size', 'root', 'proof'],
              properties: {
                size: chainSize,
                root: hash,
                proof: { type: 'array', maxItems: 96, items: hash },
              },
            },
          },
        },
      ],
    },
    sig: signature,
  },
} as const;

export const deploymentSchema = {
  type: 'object',
  required: ['v', 'type', 'id', 'time', 'producer', 'development', 'facts', 'sig'],
  properties: {
    ...head,
    type: { const: 'deployment' },
    producer: producerName,
    development: { type: 'boolean' },
    facts: { type: 'object' },
    sig: signature,
  },
} as const;

export const streamSchema = {
  type: 'object',
  required: [...inStream, 'event', 'key', 'previous', 'heartbeatSeconds', 'sig'],
  properties: {
    ...head,
    ...position,
    type: { const: 'stream' },
    event: { enum: ['start', 'end'] },
    key: hash,
    heartbeatSeconds: { type: 'integer', minimum: 1, maximum: 86400 },
    previous: {
      anyOf: [
        { type: 'null' },
        {
          type: 'object',
          required: ['epoch', 'seq', 'leaf'],
          properties: { epoch: count, seq: count, leaf: hash },
        },
      ],
    },
    sig: signature,
  },
} as const;

export const heartbeatSchema = {
  type: 'object',
  required: [...inStream, 'sig'],
  properties: { ...head, ...position, type: { const: 'heartbeat' }, sig: signature },
} as const;

export const intentSchema = {
  type: 'object',
  required: [...inStream, 'deployment', 'claims', 'payload'],
  properties: { ...head, ...position, ...sealed, type: { const: 'intent' } },
} as const;

export const decisionSchema = {
  type: 'object',
  required: [...inStream, 'deployment', 'claims', 'payload', 'intent'],
  properties: { ...head, ...position, ...sealed, type: { const: 'decision' }, intent: hash },
} as const;

/** `explanation` and `followup` have a decision's clear members without `intent`: their subject is a claim. */
export const laterSchema = {
  type: 'object',
  required: [...inStream, 'deployment', 'claims', 'payload'],
  properties: {
    ...head,
    ...position,
    ...sealed,
    type: { enum: ['explanation', 'followup'] },
  },
} as const;

export const gapSchema = {
  type: 'object',
  required: [...inStream, 'from', 'to', 'count', 'sig'],
  properties: {
    ...head,
    ...position,
    type: { const: 'gap' },
    from: time,
    to: time,
    count: { anyOf: [{ type: 'null' }, count] },
    sig: signature,
  },
} as const;

export const streamGapSchema = {
  type: 'object',
  required: [...inStream, 'about', 'sig'],
  properties: {
    ...head,
    ...position,
    type: { const: 'streamGap' },
    about: {
      type: 'object',
      required: ['producer', 'epoch', 'from', 'to'],
      properties: { producer: producerName, epoch: count, from: count, to: count },
    },
    sig: signature,
  },
} as const;

export const equivocationSchema = {
  type: 'object',
  required: [...inStream, 'about', 'leaf', 'entry', 'promises', 'sig'],
  properties: {
    ...head,
    ...position,
    type: { const: 'equivocation' },
    about: {
      type: 'object',
      required: ['producer', 'epoch', 'seq'],
      properties: { producer: producerName, epoch: count, seq: count },
    },
    leaf: hash,
    /** verbatim; null above 45,000 bytes, where base64 would not fit: the leaf hash then stands for it */
    entry: { anyOf: [{ type: 'null' }, base64] },
    promises: { type: 'array', maxItems: 2, items: signedPromise },
    sig: signature,
  },
} as const;

export const opaqueSchema = {
  type: 'object',
  required: [...inStream, 'source', 'from', 'to', 'count', 'root', 'sig'],
  properties: {
    ...head,
    ...position,
    type: { const: 'opaque' },
    source: { type: 'string', pattern: '^[ -~]{1,200}$' },
    from: { type: 'string', pattern: '^[ -~]{1,200}$' },
    to: { type: 'string', pattern: '^[ -~]{1,200}$' },
    count,
    root: hash,
    sig: signature,
  },
} as const;

/** Where a contract's event stands on its chain. */
const eventPlace = {
  type: 'object',
  required: ['chainId', 'contract', 'blockNumber', 'blockHash', 'transactionHash', 'logIndex'],
  properties: {
    chainId: { type: 'integer', minimum: 1, maximum: 9007199254740991 },
    contract: address,
    blockNumber: count,
    blockHash: bytes32,
    transactionHash: bytes32,
    logIndex: count,
  },
} as const;

/** The events of a log's contract but `Advanced`: an entry for each anchor would be anchored in its turn. */
export const governanceSchema = {
  type: 'object',
  required: [...inStream, 'at', 'event', 'sig'],
  properties: {
    ...head,
    ...position,
    type: { const: 'governance' },
    at: eventPlace,
    event: {
      anyOf: [
        {
          type: 'object',
          required: ['name'],
          properties: { name: { enum: ['Resumed', 'Unfrozen'] } },
        },
        {
          type: 'object',
          required: ['name', 'by'],
          properties: { name: { const: 'Halted' }, by: address },
        },
        {
          type: 'object',
          required: ['name', 'by', 'until'],
          properties: { name: { const: 'Frozen' }, by: address, until: count },
        },
        {
          type: 'object',
          required: ['name', 'from', 'to'],
          properties: {
            name: { enum: ['OperatorRotated', 'CountersignerRotated', 'GuardianRotated'] },
            from: address,
            to: address,
          },
        },
      ],
    },
    sig: signature,
  },
} as const;

/** By type. A type that is not here is unknown: kept verbatim, and `verify` says "could not check". */
export const entrySchemas = {
  genesis: genesisSchema,
  key: keySchema,
  deployment: deploymentSchema,
  anchorage: anchorageSchema,
  stream: streamSchema,
  heartbeat: heartbeatSchema,
  intent: intentSchema,
  decision: decisionSchema,
  explanation: laterSchema,
  followup: laterSchema,
  gap: gapSchema,
  streamGap: streamGapSchema,
  equivocation: equivocationSchema,
  opaque: opaqueSchema,
  governance: governanceSchema,
} as const;
