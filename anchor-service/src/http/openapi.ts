import { MAX_TRIE_NODES } from '@showcause/core';
import { logStates } from '../logs/hosted-log.ts';

/** The HTTP API as OpenAPI 3.1; served at `/openapi.json`, and compared with real answers by a test. */
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const base64 = { type: 'string', contentEncoding: 'base64' } as const;
const trieNodes = { type: 'array', maxItems: MAX_TRIE_NODES, items: base64 } as const;
const producer = { type: 'string', pattern: '^[a-z0-9/-]{1,64}$' } as const;

function nullable(schema: object): object {
  return { anyOf: [schema, { type: 'null' }] };
}

function object(
  properties: Record<string, object>,
  description?: string,
  optional: Record<string, object> = {},
): object {
  return {
    type: 'object',
    required: Object.keys(properties),
    additionalProperties: false,
    properties: { ...properties, ...optional },
    ...(description === undefined ? {} : { description }),
  };
}

function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

const schemas = {
  Problem: object(
    {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string', pattern: '^[A-Z0-9_]+$' },
      detail: { type: 'string' },
    },
    'RFC 9457 problem with a stable code.',
  ),
  Entry: object(
    {
      index: count,
      leaf: hash,
      entry: { ...base64, description: 'Exact leaf bytes.' },
      producer: nullable(producer),
      epoch: nullable(count),
      seq: nullable(count),
    },
    'A leaf; producer, epoch and seq are null for genesis, key and deployment entries.',
  ),
  Entries: object({ size: count, entries: { type: 'array', maxItems: 256, items: ref('Entry') } }),
  Promise: object({
    producer,
    epoch: count,
    seq: count,
    index: count,
    leaf: hash,
    promise: nullable(
      object({
        firstSeq: count,
        count: { type: 'integer', minimum: 1 },
        bytes: { ...base64, description: 'Promise and signature, 212 bytes.' },
      }),
    ),
  }),
  Inclusion: object({
    index: count,
    size: count,
    root: hash,
    leaf: hash,
    hashes: { type: 'array', maxItems: 63, items: hash },
    checkpoint: nullable({ type: 'string' }),
  }),
  Consistency: object({
    old: count,
    size: count,
    hashes: { type: 'array', maxItems: 64, items: hash },
  }),
  Anchor: object(
    {
      chainId: count,
      contract: { type: 'string', pattern: '^0x[0-9a-f]{40}$' },
      size: count,
      root: hash,
      blockNumber: count,
      blockHash: { type: 'string', pattern: '^0x[0-9a-f]{64}$' },
      transactionHash: nullable({ type: 'string', pattern: '^0x[0-9a-f]{64}$' }),
      checkpoint: base64,
    },
    'A head that is final on a chain, with the signed checkpoint of exactly this size.',
    { proof: ref('AnchorProof') },
  ),
  AnchorProof: object(
    {
      header: { ...base64, description: 'RLP of the header of the block `blockHash`.' },
      account: { ...trieNodes, description: "From the header's state root to the contract." },
      storage: {
        type: 'array',
        minItems: 2,
        maxItems: 2,
        items: trieNodes,
        description: "From the account's storage root to slots 0 and 1.",
      },
      genesis: { type: 'array', maxItems: 48, items: hash },
    },
    'What proves the anchor without a node, to whoever trusts the hash of its block.',
  ),
  Heads: object({
    signed: nullable(object({ size: count, root: hash, checkpoint: { type: 'string' } })),
    anchored: nullable(ref('Anchor')),
  }),
  Health: object({ ok: { const: true } }),
  LogStatus: object({
    state: { enum: [...logStates] },
    code: nullable({ type: 'string', description: 'Why it does not run.' }),
    size: count,
    signedSize: count,
    sequencing: { enum: ['running', 'failed', 'stopped'] },
    publishing: { enum: ['running', 'waiting', 'failed', 'stopped'] },
    source: { enum: ['whole', 'away', 'refused', 'lost'] },
    sourceCodes: { type: 'array', items: { type: 'string' } },
    anchoring: { enum: ['off', 'running', 'failed', 'stopped'] },
    anchoredSize: count,
    anchor: nullable(
      object({
        code: nullable({ type: 'string', description: 'Why the last look at the chain failed.' }),
        endpoints: {
          type: 'array',
          items: object({ endpoint: count, code: nullable({ type: 'string' }) }),
        },
        costs: object({
          transactions: count,
          gas: count,
          feeGwei: { type: 'number' },
          leaves: count,
          decisions: count,
        }),
      }),
    ),
    waitingMessages: count,
  }),
  LogReadiness: object({ ready: { type: 'boolean' }, status: ref('LogStatus') }),
  Readiness: {
    description: 'Of one log; at the root of a service of several logs, of each of them by name.',
    anyOf: [
      ref('LogReadiness'),
      object({
        ready: { type: 'boolean' },
        status: object({
          logs: { type: 'object', additionalProperties: ref('LogReadiness') },
        }),
      }),
    ],
  },
} as const;

interface Answer {
  schema?: object;
  type: string;
  description: string;
}

function json(name: keyof typeof schemas, description: string): Answer {
  return { schema: ref(name), type: 'application/json', description };
}

function text(description: string): Answer {
  return { schema: { type: 'string' }, type: 'text/plain; charset=utf-8', description };
}

function binary(description: string): Answer {
  return { type: 'application/octet-stream', description };
}

function contentOf(answers: readonly Answer[]): object {
  return Object.fromEntries(
    answers.map(({ type, schema }) => [type, schema === undefined ? {} : { schema }]),
  );
}

const problem = (description: string): object => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});

const problemTexts: Record<number, string> = {
  400: 'Malformed request.',
  416: 'The file has no such bytes; Content-Range says how many it has.',
  503: 'The store of the files does not answer.',
  401: 'The log is not public and the reader token is missing or wrong.',
  404: 'Not there, or not published yet.',
};

interface Operation {
  id: string;
  summary: string;
  parameters?: readonly object[];
  answers: readonly Answer[];
  problems?: readonly number[];
  needsToken?: boolean;
  /** a file: 304 for whoever has it; a tile: also 206 for a range */
  file?: 'whole' | 'ranges';
}

const unchanged = { description: 'If-None-Match names these bytes.' };
const rangeHeader = {
  name: 'Range',
  in: 'header',
  required: false,
  schema: { type: 'string' },
  description: 'One range of bytes; several are answered as none.',
};

function operation(one: Operation): object {
  const { id, summary, answers, problems = [], needsToken = false, file } = one;
  const hasRanges = file === 'ranges';
  const ofFiles = file === undefined ? [] : hasRanges ? [416, 503] : [503];
  const refusals = [...problems, ...(needsToken ? [401] : []), ...ofFiles].sort();
  const parameters = [...(one.parameters ?? []), ...(hasRanges ? [rangeHeader] : [])];
  const content = contentOf(answers);
  return {
    get: {
      operationId: id,
      summary,
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(needsToken ? { security: [{ reader: [] }, {}] } : {}),
      responses: {
        200: { description: answers[0]!.description, content },
        ...(hasRanges ? { 206: { description: 'The range that was asked for.', content } } : {}),
        ...(file === undefined ? {} : { 304: unchanged }),
        ...Object.fromEntries(refusals.map((status) => [status, problem(problemTexts[status]!)])),
      },
    },
  };
}

function inPath(name: string, schema: object, description: string): object {
  return { name, in: 'path', required: true, schema, description };
}

function inQuery(name: string, schema: object, description: string, required = false): object {
  return { name, in: 'query', required, schema, description };
}

const tileName = inPath(
  'path',
  { type: 'string' },
  'Index in groups of three digits, all but the last behind an x, and for a partial tile `.p/<width>`; it holds slashes.',
);

const paths = {
  '/checkpoint': operation({
    id: 'getCheckpoint',
    summary: 'Newest signed checkpoint (c2sp.org/tlog-checkpoint).',
    answers: [text('A signed note.')],
    file: 'whole',
    problems: [404],
  }),
  '/tile/{level}/{path}': operation({
    id: 'getTile',
    summary: 'Hash tile (c2sp.org/tlog-tiles).',
    parameters: [inPath('level', { type: 'integer', minimum: 0, maximum: 63 }, 'Level.'), tileName],
    answers: [binary('32 bytes for each hash.')],
    file: 'ranges',
    problems: [400, 404],
  }),
  '/tile/entries/{path}': operation({
    id: 'getEntryBundle',
    summary: 'Entry bundle (c2sp.org/tlog-tiles).',
    parameters: [tileName],
    answers: [
      binary('Each entry behind its length as a big-endian u16; gzip where that is accepted.'),
    ],
    file: 'ranges',
    problems: [400, 404],
    needsToken: true,
  }),
  '/anchors/{name}': operation({
    id: 'getAnchor',
    summary: 'Evidence of an anchored head.',
    parameters: [
      inPath(
        'name',
        { type: 'string', pattern: '^(latest|[0-9]+)\\.json$' },
        'latest.json or <size>.json.',
      ),
    ],
    answers: [json('Anchor', 'Where the head stands on a chain.')],
    file: 'whole',
    problems: [400, 404],
  }),
  '/v1/entries/{index}': operation({
    id: 'getEntry',
    summary: 'One entry.',
    parameters: [inPath('index', count, 'Leaf index.')],
    answers: [json('Entry', 'The entry.')],
    problems: [400, 404],
    needsToken: true,
  }),
  '/v1/entries': operation({
    id: 'listEntries',
    summary: 'Entries in log order, as far as they are published.',
    parameters: [
      inQuery('from', count, 'First leaf index.', true),
      inQuery('count', { type: 'integer', minimum: 1, maximum: 256 }, 'At most so many.'),
    ],
    answers: [json('Entries', 'Entries and the published size.')],
    problems: [400],
    needsToken: true,
  }),
  '/v1/promises/{producer}/{epoch}/{seq}': operation({
    id: 'getPromise',
    summary: 'What became of an entry of a producer: its leaf, and the promise that covers it.',
    parameters: [
      inPath('producer', { type: 'string' }, "Producer's name, percent-encoded."),
      inPath('epoch', count, 'Epoch.'),
      inPath('seq', count, 'Sequence number in the epoch.'),
    ],
    answers: [json('Promise', 'Leaf and promise.')],
    problems: [400, 404],
    needsToken: true,
  }),
  '/v1/proofs/inclusion': operation({
    id: 'getInclusionProof',
    summary: 'Inclusion proof of a leaf, as JSON or as c2sp.org/tlog-proof text.',
    parameters: [
      inQuery('leaf', hash, 'Leaf hash; give this or index.'),
      inQuery('index', count, 'Leaf index; give this or leaf.'),
      inQuery('size', count, 'Tree size; the newest published one if absent.'),
    ],
    answers: [json('Inclusion', 'Hashes from leaf to root.'), text('tlog-proof')],
    problems: [400, 404],
  }),
  '/v1/proofs/consistency': operation({
    id: 'getConsistencyProof',
    summary: 'Consistency proof between two sizes (RFC 9162 section 2.1.4).',
    parameters: [
      inQuery('old', count, 'Old tree size.', true),
      inQuery('size', count, 'Tree size; the newest published one if absent.'),
    ],
    answers: [json('Consistency', 'Hashes of the proof.')],
    problems: [400, 404],
  }),
  '/v1/heads': operation({
    id: 'getHeads',
    summary: 'Newest signed and newest anchored head.',
    answers: [json('Heads', 'Both heads; null before the first.')],
    problems: [400],
  }),
  '/healthz': operation({
    id: 'getHealth',
    summary: 'Whether the process answers.',
    answers: [json('Health', 'It does.')],
  }),
  '/readyz': {
    get: {
      operationId: 'getReadiness',
      summary:
        'Whether entries are read, sequenced and published. At the root of several logs: whether it answers; each says for itself.',
      responses: {
        200: {
          description: 'They are.',
          content: { 'application/json': { schema: ref('Readiness') } },
        },
        503: {
          description: 'They are not.',
          content: { 'application/json': { schema: ref('Readiness') } },
        },
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'getOpenApi',
      summary: 'This document.',
      responses: {
        200: {
          description: 'OpenAPI 3.1.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      },
    },
  },
} as const;

export const openApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Showcause anchor service',
    version: '0.1.0',
    description: 'Read API of a log of decisions. What it answers is to be verified, not believed.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
  paths,
  components: {
    schemas,
    securitySchemes: { reader: { type: 'http', scheme: 'bearer' } },
  },
} as const;
