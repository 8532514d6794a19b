import { isStreamed, leafHash, parseEntry, streamPosition } from './core.mjs';
import * as w from './world.mjs';
import { text, toBase64, toHex } from './world.mjs';

const root = '1f'.repeat(32);
const leaf = '2e'.repeat(32);
const sealed = { deployment: w.deploymentHash, claims: 'cc'.repeat(32), payload: 'dd'.repeat(32) };
const service = { producer: 'anchor-service', seq: 1, prev: leaf };

function anchorage(succession) {
  return w.register({
    v: 1,
    type: 'anchorage',
    id: 'ab'.repeat(16),
    time: '2026-03-03T00:00:00Z',
    contract: { ...w.genesisEntry.contract, chainId: 10 },
    succession,
  }).bytes;
}

function entriesByType() {
  const promise = toBase64(Buffer.concat([w.signed.bytes, w.signed.signature]));
  const own = (fields) => w.streamed({ ...service, ...fields }, w.serviceKey);
  const revoke = w.register({
    v: 1,
    type: 'key',
    id: 'ee'.repeat(16),
    time: '2026-03-02T00:00:00Z',
    action: 'revoke',
    producer: 'loan-api',
    key: toHex(w.producerKey.publicKey),
    types: w.producerTypes,
    closes: [{ producer: 'loan-api', epoch: w.epoch, seq: 3, leaf }],
  });
  return {
    genesis: w.genesis,
    'genesis without a contract': w.genesisWithoutContract,
    key: w.keyRegistration.bytes,
    'key, revoked': revoke.bytes,
    deployment: w.deploymentRegistration.bytes,
    'anchorage, another chain': anchorage(null),
    'anchorage, a successor': anchorage({
      from: `0x${'c7'.repeat(20)}`,
      size: 4096,
      root,
      first: { size: 5000, root: leaf, proof: [root, leaf] },
    }),
    'stream, start': w.streamStart,
    'stream, start after another epoch': w.streamed({
      type: 'stream',
      seq: 0,
      epoch: w.epoch + 1,
      prev: leaf,
      event: 'start',
      key: toHex(w.keyId),
      previous: { epoch: w.epoch, seq: 3, leaf },
      heartbeatSeconds: 60,
    }),
    'stream, end': w.streamed({
      type: 'stream',
      seq: 4,
      prev: leaf,
      event: 'end',
      key: toHex(w.keyId),
      previous: null,
      heartbeatSeconds: 60,
    }),
    heartbeat: w.heartbeat,
    intent: w.intent,
    decision: w.decision,
    explanation: w.streamed({ type: 'explanation', seq: 5, prev: leaf, ...sealed }),
    followup: w.streamed({ type: 'followup', seq: 6, prev: leaf, ...sealed }),
    gap: w.streamed({
      type: 'gap',
      seq: 7,
      prev: leaf,
      from: '2026-03-01T12:00:00Z',
      to: '2026-03-01T12:00:09Z',
      count: 12,
    }),
    'gap of unknown size': w.streamed({
      type: 'gap',
      seq: 7,
      prev: leaf,
      from: '2026-03-01T12:00:00Z',
      to: '2026-03-01T12:00:09Z',
      count: null,
    }),
    streamGap: own({
      type: 'streamGap',
      about: { producer: 'loan-api', epoch: w.epoch, from: 8, to: 9 },
    }),
    equivocation: own({
      type: 'equivocation',
      about: { producer: 'loan-api', epoch: w.epoch, seq: 3 },
      leaf: toHex(leafHash(w.heartbeat)),
      entry: toBase64(w.heartbeat),
      promises: [promise, promise],
    }),
    'equivocation by an entry over 45,000 bytes': own({
      type: 'equivocation',
      about: { producer: 'loan-api', epoch: w.epoch, seq: 3 },
      leaf,
      entry: null,
      promises: [promise, promise],
    }),
    opaque: own({
      type: 'opaque',
      source: 'kafka:decisions/0',
      from: '17',
      to: '19',
      count: 3,
      root,
    }),
    ...governanceByEvent(own),
  };
}

/** A `governance` entry for each form of event. */
function governanceByEvent(own) {
  const address = (digit) => `0x${digit.repeat(40)}`;
  const at = {
    chainId: 31337,
    contract: address('a'),
    blockNumber: 40,
    blockHash: `0x${'b'.repeat(64)}`,
    transactionHash: `0x${'c'.repeat(64)}`,
    logIndex: 2,
  };
  const events = [
    { name: 'Halted', by: address('1') },
    { name: 'Frozen', by: address('1'), until: 1772971200 },
    { name: 'Resumed' },
    { name: 'GuardianRotated', from: address('1'), to: address('0') },
  ];
  return Object.fromEntries(
    events.map((event) => [`governance: ${event.name}`, own({ type: 'governance', at, event })]),
  );
}

/** Bytes with the padded tag of a typed entry. */
function typed(tag, rest = '00'.repeat(64)) {
  return Buffer.from(tag).toString('hex').padEnd(32, '0') + rest;
}

export function entries() {
  const known = entriesByType();
  const decision = text(w.decision);
  const parsedKey = JSON.parse(text(w.keyRegistration.bytes));
  const genesis = JSON.parse(text(w.genesis));
  const start = JSON.parse(text(w.streamStart));
  const governance = JSON.parse(text(known['governance: Halted']));
  const sorted = (value) =>
    Array.isArray(value)
      ? value.map(sorted)
      : value !== null && typeof value === 'object'
        ? Object.fromEntries(
            Object.keys(value)
              .sort()
              .map((name) => [name, sorted(value[name])]),
          )
        : value;
  const changed = (entry, change) => JSON.stringify(sorted({ ...entry, ...change }));
  const bad = (name, code, entry) => ({ name, code, entry });
  const without = (entry, member) =>
    JSON.stringify(
      sorted(Object.fromEntries(Object.entries(entry).filter(([name]) => name !== member))),
    );
  const valid = Object.entries(known).map(([name, bytes]) => {
    const parsed = parseEntry(bytes);
    return {
      name,
      type: parsed.entry.type,
      entry: text(bytes),
      leaf: toHex(leafHash(bytes)),
      position: isStreamed(parsed.entry) ? streamPosition(parsed) : null,
    };
  });
  return {
    comment:
      'valid: exact text, leaf hash, place in a stream. kept: JSON of types or members that this version does not know. typed: hex. refused: text, or hex for bytes that are no text.',
    valid,
    kept: [
      {
        name: 'an unknown type',
        kind: 'unknown',
        type: 'consent',
        entry: changed(JSON.parse(decision), { type: 'consent' }),
        placed: true,
      },
      {
        name: 'an unknown type outside any stream',
        kind: 'unknown',
        type: 'consent',
        entry: '{"type":"consent"}',
        placed: false,
      },
      {
        name: 'an unknown type with half a place',
        kind: 'unknown',
        type: 'consent',
        entry: '{"epoch":1,"producer":"loan-api","seq":1,"type":"consent"}',
        placed: false,
      },
      {
        name: 'an unknown member',
        kind: 'known',
        type: 'decision',
        entry: changed(JSON.parse(decision), { trial: { arm: 'b' } }),
        placed: true,
      },
      {
        name: 'a registration with a stray seq',
        kind: 'known',
        type: 'key',
        entry: changed(parsedKey, { seq: 1 }),
        placed: false,
      },
      {
        name: 'a type called as a member of every object',
        kind: 'unknown',
        type: 'constructor',
        entry: '{"type":"constructor"}',
        placed: false,
      },
    ],
    typed: [
      { name: 'a tag of 12 letters', tag: 'disbursement', bytes: typed('disbursement') },
      { name: 'a tag before a letter', tag: 'metrics', bytes: typed('metrics', '41'.repeat(64)) },
      { name: 'a tag of 16 letters', tag: 'abcdefghijklmnop', bytes: typed('abcdefghijklmnop') },
    ],
    refused: [
      bad('no bytes', 'ENTRY_SIZE', ''),
      { name: '65,536 bytes', code: 'ENTRY_SIZE', repeat: { text: '{', count: 65_536 } },
      bad('a list', 'ENTRY_TAG', '[]'),
      bad('a blank before the object', 'ENTRY_TAG', ` ${decision}`),
      bad('a line feed after it', 'JSON_NOT_CANONICAL', `${decision}\n`),
      bad('a blank within', 'JSON_NOT_CANONICAL', decision.replace(':', ': ')),
      bad(
        'members out of order',
        'JSON_NOT_CANONICAL',
        `{"v":1,${decision.slice(1).replace(',"v":1', '')}`,
      ),
      bad('a member twice', 'JSON_DUPLICATE_KEY', decision.replace('"v":1', '"v":1,"v":1')),
      bad('an exponent', 'JSON_NOT_CANONICAL', decision.replace('"seq":2', '"seq":2e0')),
      bad('minus zero', 'JSON_NOT_CANONICAL', decision.replace('"seq":2', '"seq":-0')),
      bad('an object cut short', 'JSON_SYNTAX', decision.slice(0, -1)),
      bad('no type', 'ENTRY_SCHEMA', '{}'),
      bad('a type that is no string', 'ENTRY_SCHEMA', '{"type":1}'),
      bad('a type with a blank', 'ENTRY_SCHEMA', '{"type":"de cision"}'),
      bad('an empty type', 'ENTRY_SCHEMA', '{"type":""}'),
      bad('another version', 'ENTRY_SCHEMA', decision.replace('"v":1', '"v":2')),
      bad(
        'an id of 15 bytes',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { id: '00'.repeat(15) }),
      ),
      bad(
        'a hash in capitals',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { claims: 'AB'.repeat(32) }),
      ),
      bad('no prev', 'ENTRY_SCHEMA', without(JSON.parse(decision), 'prev')),
      bad('no intent', 'ENTRY_SCHEMA', without(JSON.parse(decision), 'intent')),
      bad('a seq of 2^53', 'JSON_NUMBER', decision.replace('"seq":2', '"seq":9007199254740992')),
      bad('a negative seq', 'ENTRY_SCHEMA', changed(JSON.parse(decision), { seq: -1 })),
      bad('half a seq', 'ENTRY_SCHEMA', changed(JSON.parse(decision), { seq: 0.5 })),
      bad(
        'a producer with capitals',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { producer: 'Loan-API' }),
      ),
      bad(
        'a producer that climbs',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { producer: '../loan' }),
      ),
      bad(
        'a producer of 65 characters',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { producer: 'a'.repeat(65) }),
      ),
      bad(
        'a time with milliseconds',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { time: '2026-03-01T12:00:00.000Z' }),
      ),
      bad(
        'a time with an offset',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { time: '2026-03-01T12:00:00+00:00' }),
      ),
      bad(
        'a time in month 13',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { time: '2026-13-01T12:00:00Z' }),
      ),
      bad(
        'a time at 24:00',
        'ENTRY_SCHEMA',
        changed(JSON.parse(decision), { time: '2026-03-01T24:00:00Z' }),
      ),
      bad('an unsigned stream entry', 'ENTRY_SCHEMA', without(start, 'sig')),
      bad(
        'a signature of 63 bytes',
        'ENTRY_SCHEMA',
        changed(start, { sig: toBase64(new Uint8Array(63)) }),
      ),
      bad(
        'a signature with stray bits',
        'ENTRY_SCHEMA',
        changed(start, { sig: `${'A'.repeat(85)}B==` }),
      ),
      bad('a heartbeat interval of 0', 'ENTRY_SCHEMA', changed(start, { heartbeatSeconds: 0 })),
      bad('an event of no kind', 'ENTRY_SCHEMA', changed(start, { event: 'pause' })),
      bad(
        'a key that is not x ‖ y',
        'ENTRY_SCHEMA',
        changed(parsedKey, { key: parsedKey.key.slice(2) }),
      ),
      bad(
        'an advance as governance',
        'ENTRY_SCHEMA',
        changed(governance, { event: { name: 'Advanced', size: 9 } }),
      ),
      bad(
        'a rotation to nobody named',
        'ENTRY_SCHEMA',
        changed(governance, { event: { name: 'OperatorRotated', from: `0x${'1'.repeat(40)}` } }),
      ),
      bad(
        'governance without its block',
        'ENTRY_SCHEMA',
        changed(governance, { at: { ...governance.at, blockHash: null } }),
      ),
      bad('an action of no kind', 'ENTRY_SCHEMA', changed(parsedKey, { action: 'rotate' })),
      bad('65 types', 'ENTRY_SCHEMA', changed(parsedKey, { types: Array(65).fill('intent') })),
      bad('an origin with a blank', 'ENTRY_SCHEMA', changed(genesis, { origin: 'log example' })),
      bad('a genesis without saying contract', 'ENTRY_SCHEMA', without(genesis, 'contract')),
      bad(
        'an operator with capitals',
        'ENTRY_SCHEMA',
        changed(genesis, { contract: { ...w.contract, operator: `0x${'0A'.repeat(20)}` } }),
      ),
      bad(
        'chain id 0',
        'ENTRY_SCHEMA',
        changed(genesis, { contract: { ...w.contract, chainId: 0 } }),
      ),
      { name: 'a tag of two letters', code: 'ENTRY_TAG', bytes: typed('ab') },
      { name: 'a tag that begins with a digit', code: 'ENTRY_TAG', bytes: typed('1abc') },
      {
        name: 'a tag with a byte after its zeros',
        code: 'ENTRY_TAG',
        bytes: `${typed('metrics').slice(0, 30)}41${'00'.repeat(64)}`,
      },
      {
        name: 'fewer bytes than a tag',
        code: 'ENTRY_TAG',
        bytes: Buffer.from('metrics').toString('hex'),
      },
      { name: 'bytes that are no UTF-8', code: 'BYTES_ENCODING', bytes: '7bff7d' },
    ],
    refusedGenesis: [
      bad(
        'a log key named otherwise than the origin',
        'ENTRY_SCHEMA',
        changed(genesis, { origin: 'log.example/other' }),
      ),
      bad(
        'a log key that is none',
        'ENTRY_SCHEMA',
        changed(genesis, { log: 'log.example/showcause' }),
      ),
    ],
  };
}
