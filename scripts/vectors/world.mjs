// One small log with fixed keys, ids, times and salts: what all vectors are cut from.
import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import {
  buildClaims,
  canonicalBytes,
  decisionClaims,
  encodeEntry,
  encodePromise,
  formatCosignerVkey,
  formatVkey,
  fromHex,
  inclusionPath,
  intentClaims,
  leafHash,
  merkleRoot,
  openClaim,
  producerKeyId,
  registrarMessage,
  streamMessage,
  toBase64,
  toHex,
  vectorSchema,
} from './core.mjs';
import { claimSalts, deriveRecordKeys, vectorSalts } from './core.mjs';

const filled = (byte) => new Uint8Array(32).fill(byte);
export const sha256Hex = (bytes) => createHash('sha256').update(bytes).digest('hex');
const text = (bytes) => Buffer.from(bytes).toString('utf8');

function ed25519Key(byte) {
  const seed = filled(byte);
  return {
    seed,
    publicKey: ed25519.getPublicKey(seed),
    sign: (message) => ed25519.sign(message, seed),
  };
}
function p256Key(byte) {
  const scalar = filled(byte);
  return {
    scalar,
    publicKey: p256.getPublicKey(scalar, false).subarray(1),
    // RFC 6979, low s: the same signature every time.
    sign: (message) => p256.sign(message, scalar, { lowS: true }),
  };
}

export const origin = 'log.example/showcause';
export const logKey = ed25519Key(0x01);
export const registrarKey = ed25519Key(0x02);
export const witnessKeys = [ed25519Key(0x03), ed25519Key(0x04)];
export const producerKey = p256Key(0x11);
export const serviceKey = p256Key(0x12);
export const logVkey = formatVkey(origin, logKey.publicKey);
export const witnessVkeys = witnessKeys.map(({ publicKey }, i) =>
  formatCosignerVkey(`witness.example/w${i + 1}`, publicKey),
);

let serial = 0;
/** 16 bytes, hex: vectors have no random ids. */
const nextId = () => (++serial).toString(16).padStart(32, '0');
const at = (second) => `2026-03-01T12:00:${String(second).padStart(2, '0')}Z`;

export const contract = {
  chainId: 31337,
  factory: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
  salt: `0x${'5a'.repeat(32)}`,
  creationCodeHash: `0x${'c0'.repeat(32)}`,
  operator: `0x${'0a'.repeat(20)}`,
  countersigner: `0x${'0b'.repeat(20)}`,
  guardian: `0x${'0c'.repeat(20)}`,
  timelock: `0x${'0d'.repeat(20)}`,
};
export const genesisEntry = {
  v: 1,
  type: 'genesis',
  id: nextId(),
  time: at(0),
  origin,
  log: logVkey,
  registrar: toHex(registrarKey.publicKey),
  contract,
};
export const genesis = encodeEntry(genesisEntry);
export const genesisWithoutContract = encodeEntry({ ...genesisEntry, contract: null });
export const logId = leafHash(genesis);
export const keyId = producerKeyId(producerKey.publicKey);

export function register(unsigned) {
  const message = registrarMessage(logId, unsigned);
  const entry = { ...unsigned, sig: toBase64(registrarKey.sign(message)) };
  return { message, entry, bytes: encodeEntry(entry) };
}
export const producerTypes = [
  'decision',
  'explanation',
  'followup',
  'gap',
  'heartbeat',
  'intent',
  'stream',
];
export const keyRegistration = register({
  v: 1,
  type: 'key',
  id: nextId(),
  time: at(1),
  action: 'add',
  producer: 'loan-api',
  key: toHex(producerKey.publicKey),
  types: producerTypes,
});
export const serviceRegistration = register({
  v: 1,
  type: 'key',
  id: nextId(),
  time: at(1),
  action: 'add',
  producer: 'anchor-service',
  key: toHex(serviceKey.publicKey),
  types: ['equivocation', 'heartbeat', 'opaque', 'stream', 'streamGap'],
});
export const deploymentRegistration = register({
  v: 1,
  type: 'deployment',
  id: nextId(),
  time: at(2),
  producer: 'loan-api',
  development: true,
  facts: {
    system: 'Consumer loans',
    model: { name: 'credit', version: '3', format: 'xgboost-json', sha256: 'ab'.repeat(32) },
    features: [
      { name: 'income', type: 'float' },
      { name: 'term', type: 'int' },
      { name: 'purpose', type: 'categorical' },
    ],
    background: null,
    retention: null,
  },
});
export const deploymentHash = toHex(leafHash(deploymentRegistration.bytes));
/** The registration entries: those of `key` and `deployment` type, each with the bytes that its registrar signed. */
export const registrations = [keyRegistration, serviceRegistration, deploymentRegistration];

export const epoch = 1772366400000;
export const zeros = '00'.repeat(32);
export function streamed(fields, key = producerKey) {
  const unsigned = { v: 1, id: nextId(), time: at(3), producer: 'loan-api', epoch, ...fields };
  const signed = [
    'stream',
    'heartbeat',
    'gap',
    'streamGap',
    'equivocation',
    'opaque',
    'governance',
  ];
  if (!signed.includes(fields.type)) return encodeEntry(unsigned);
  const message = streamMessage(logId, producerKeyId(key.publicKey), unsigned);
  return encodeEntry({ ...unsigned, sig: toBase64(key.sign(message)) });
}
const leafOf = (bytes) => toHex(leafHash(bytes));

export const streamStart = streamed({
  type: 'stream',
  seq: 0,
  prev: zeros,
  event: 'start',
  key: toHex(keyId),
  previous: null,
  heartbeatSeconds: 60,
});

export const recordKey = filled(0x21);
export const keys = deriveRecordKeys(recordKey);
const salts = claimSalts(keys.saltKey, 64);

export const intentTree = buildClaims(
  intentClaims,
  [
    sha256Hex('intent container'),
    '0123456789abcdef0123456789abcdef',
    null,
    sha256Hex('{"amount":1000}'),
    'POST /v1/applications',
    '2026-03-01T12:00:03.120Z',
  ],
  salts,
);
export const intent = streamed({
  type: 'intent',
  seq: 1,
  prev: leafOf(streamStart),
  deployment: deploymentHash,
  claims: toHex(intentTree.root),
  payload: sha256Hex('sealed intent'),
});

export const features = {
  schema: vectorSchema('features', ['income', 'term', 'purpose']),
  values: [2150.5, 24, null],
};
export const featureTree = buildClaims(
  features.schema,
  features.values,
  vectorSalts(keys.saltKey, 8, 3),
);
export const response = '{"decision":"denied"}';
const decisionValues = {
  payload: sha256Hex('decision container'),
  decisionId: '0123456789abcdef0123456789abcdef',
  status: 'decided',
  outcome: 'denied',
  requestHash: sha256Hex('{"amount":1000}'),
  responseHash: sha256Hex(response),
  responseStatus: 200,
  features: toHex(featureTree.root),
  score: { margin: 0.25, score: 0.2500000001, probability: 0.5621765008857981 },
  reasons: [
    { code: 'R01', rank: 1, text: 'Your income is low for this amount', features: ['income'] },
  ],
  route: 'POST /v1/applications',
  call: 0,
};
const slotValues = (schema, values) => schema.paths.map(([member]) => values[member] ?? null);
export const decisionTree = buildClaims(
  decisionClaims,
  slotValues(decisionClaims, decisionValues),
  salts,
);
export const decision = streamed({
  type: 'decision',
  seq: 2,
  prev: leafOf(intent),
  deployment: deploymentHash,
  claims: toHex(decisionTree.root),
  payload: sha256Hex('sealed decision'),
  intent: leafOf(intent),
});
export const heartbeat = streamed({ type: 'heartbeat', seq: 3, prev: leafOf(decision) });

/** The three entries of one group commit. */
export const batch = [streamStart, intent, decision];
export const batchLeaves = batch.map((entry) => leafHash(entry));
export const terms = {
  logId,
  keyId,
  epoch,
  firstSeq: 0,
  count: 3,
  signedAt: 1772366404,
  mergeBy: 1772366404 + 86_400,
  batchRoot: merkleRoot(batchLeaves),
};
export function sign(promise, key = producerKey) {
  const bytes = encodePromise(promise);
  return { promise, bytes, signature: key.sign(bytes) };
}
export const signed = sign(terms);
export const batchPath = (index) => inclusionPath(batchLeaves, index);

/** The log as published: genesis, registrations, then the batch. */
export const logEntries = [genesis, ...registrations.map(({ bytes }) => bytes), ...batch];
export const logLeaves = logEntries.map((entry) => leafHash(entry));

export const opening = (member) => openClaim(decisionTree, [member]);
/** An opening as JSON writes it. */
export const plain = ({ slot, path, value, salt, siblings }) => ({
  slot,
  path,
  value,
  salt,
  siblings,
});

export { canonicalBytes, fromHex, text, toBase64, toHex };
