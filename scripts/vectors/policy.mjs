import {
  formatCosignerVkey,
  formatPolicy,
  formatTlogPolicy,
  formatVkey,
  policyFingerprint,
} from './core.mjs';
import * as w from './world.mjs';
import { toHex } from './world.mjs';

const plainPolicy = {
  v: 1,
  logId: toHex(w.logId),
  origin: w.origin,
  logKeys: [w.logVkey],
  registrar: toHex(w.registrarKey.publicKey),
  chains: [],
  witnesses: { quorum: 0, keys: [] },
};
const fullPolicy = {
  ...plainPolicy,
  chains: [{ chainId: 31337, contract: `0x${'c7'.repeat(20)}`, development: true }],
  witnesses: {
    quorum: 2,
    keys: w.witnessVkeys.map((vkey, i) => ({ name: `w${i + 1}`, vkey })),
  },
};

const [fullChain] = fullPolicy.chains;
const block = { number: 23_500_000, hash: `0x${'b1'.repeat(32)}` };
const pinnedPolicy = {
  ...fullPolicy,
  chains: [{ ...fullChain, blocks: [block, { ...block, number: 23_507_200 }] }],
};

export function policy() {
  const valid = (name, policy) => ({
    name,
    text: formatPolicy(policy),
    fingerprint: policyFingerprint(policy),
    tlogPolicy: formatTlogPolicy(policy),
  });
  const malformed = (name, change, code = 'POLICY_MALFORMED') => ({
    name,
    code,
    text: typeof change === 'string' ? change : formatPolicy({ ...fullPolicy, ...change }),
  });
  const good = formatPolicy(fullPolicy);
  const { registrar: _, ...withoutRegistrar } = fullPolicy;
  const [first, second] = fullPolicy.witnesses.keys;
  const witnesses = (quorum, keys) => ({ witnesses: { quorum, keys } });
  const sameKey = {
    name: 'w3',
    vkey: formatCosignerVkey('witness.example/w3', w.witnessKeys[0].publicKey),
  };
  const logAsWitness = {
    name: 'w3',
    vkey: formatCosignerVkey('witness.example/w3', w.logKey.publicKey),
  };
  return {
    comment:
      'valid: the file, its fingerprint, and its export as c2sp.org/tlog-policy. refused: the code each gets.',
    valid: [
      valid('the least', plainPolicy),
      valid('with a chain and a quorum of two witnesses', fullPolicy),
      valid('with two blocks of the chain', pinnedPolicy),
    ],
    refused: [
      malformed('no JSON', 'policy', 'JSON_SYNTAX'),
      malformed(
        'a member twice',
        good.replace('"v": 1,', '"v": 1,\n  "v": 1,'),
        'JSON_DUPLICATE_KEY',
      ),
      malformed('a trailing byte', `${good}x`, 'JSON_SYNTAX'),
      malformed('a list', '[]'),
      malformed('another version', { v: 2 }),
      malformed('the version as a string', { v: '1' }),
      malformed('an unknown member', { note: 'hello' }),
      malformed('no registrar', `${JSON.stringify(withoutRegistrar)}\n`),
      malformed('a logId in capitals', { logId: fullPolicy.logId.toUpperCase() }),
      malformed('a logId of 31 bytes', { logId: fullPolicy.logId.slice(2) }),
      malformed('an origin with a blank', { origin: 'log example' }),
      malformed('an empty origin', { origin: '' }),
      malformed('a log key named otherwise than the origin', { origin: 'log.example/other' }),
      malformed('no log key', { logKeys: [] }),
      malformed('the same log key twice', { logKeys: [w.logVkey, w.logVkey] }),
      malformed('a log key with a wrong key id', {
        logKeys: [w.logVkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
      }),
      malformed('a log key cut short', { logKeys: [w.logVkey.slice(0, -4)] }),
      malformed('a witness key as log key', {
        logKeys: [formatCosignerVkey(w.origin, w.logKey.publicKey)],
      }),
      malformed('a log key that is no string', { logKeys: [null] }),
      malformed('a registrar of 33 bytes', { registrar: `${fullPolicy.registrar}00` }),
      malformed('chain id 0', { chains: [{ ...fullPolicy.chains[0], chainId: 0 }] }),
      malformed('a chain id of 2^53', good.replace('31337', '9007199254740992'), 'JSON_NUMBER'),
      malformed('a chain id as a string', { chains: [{ ...fullPolicy.chains[0], chainId: '1' }] }),
      malformed('one chain twice', { chains: [fullPolicy.chains[0], fullPolicy.chains[0]] }),
      malformed('a contract with capitals', {
        chains: [{ ...fullPolicy.chains[0], contract: `0x${'C7'.repeat(20)}` }],
      }),
      malformed('a chain of unsaid kind', {
        chains: [{ chainId: 1, contract: `0x${'c7'.repeat(20)}` }],
      }),
      malformed('a chain with a stray member', {
        chains: [{ ...fullPolicy.chains[0], rpcUrl: 'http://localhost' }],
      }),
      malformed('chains that are no list', { chains: {} }),
      ...[
        ['no block', []],
        ['blocks that are no list', block],
        ['one block number twice', [block, { ...block, hash: `0x${'b2'.repeat(32)}` }]],
        ['more than 64 blocks', Array.from({ length: 65 }, (_, number) => ({ ...block, number }))],
        ['a block without hash', [{ number: 1 }]],
        ['a block with a stray member', [{ ...block, timestamp: 1 }]],
        ['a block hash with capitals', [{ ...block, hash: `0x${'B1'.repeat(32)}` }]],
        ['a block hash of 31 bytes', [{ ...block, hash: `0x${'b1'.repeat(31)}` }]],
        ['a negative block number', [{ ...block, number: -1 }]],
        ['a block number as a string', [{ ...block, number: '1' }]],
      ].map(([name, blocks]) => malformed(name, { chains: [{ ...fullChain, blocks }] })),
      malformed('a quorum above the witnesses', witnesses(3, [first, second])),
      malformed('a negative quorum', witnesses(-1, [first])),
      malformed('half a quorum', witnesses(0.5, [first])),
      malformed('no quorum', { witnesses: { keys: [first] } }),
      malformed('one witness twice', witnesses(2, [first, first])),
      malformed('one witness name twice', witnesses(2, [first, { ...second, name: first.name }])),
      malformed('one witness key under two names', witnesses(2, [first, sameKey])),
      malformed('the log as its own witness', witnesses(1, [logAsWitness])),
      malformed(
        'a log key as witness key',
        witnesses(1, [
          { name: 'w1', vkey: formatVkey('witness.example/w1', w.witnessKeys[0].publicKey) },
        ]),
      ),
      malformed('a witness called none', witnesses(1, [{ ...first, name: 'none' }])),
      malformed('a witness name with a blank', witnesses(1, [{ ...first, name: 'w 1' }])),
      malformed(
        'a witness with a stray member',
        witnesses(1, [{ ...first, url: 'https://w.example' }]),
      ),
    ],
  };
}
