import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  disbursementDigest,
  encodeDisbursement,
  encodeMetrics,
  metricsCommitment,
} from './core.mjs';
import { logId, toHex } from './world.mjs';

const filled = (byte, length = 32) => new Uint8Array(length).fill(byte);
const authoriser = filled(0x21);
const address = (secret) =>
  `0x${toHex(keccak_256(secp256k1.getPublicKey(secret, false).slice(1)).slice(12))}`;
const place = { chainId: 31_337, contract: `0x${'c0'.repeat(20)}` };
const ORDER = secp256k1.Point.Fn.ORDER;

function sign(digest, secret = authoriser) {
  // RFC 6979, low s: the same signature every time.
  const recovered = secp256k1.sign(digest, secret, {
    prehash: false,
    format: 'recovered',
    lowS: true,
  });
  return Uint8Array.from([...recovered.slice(1), 27 + recovered[0]]);
}

function metricsOf(start, seconds, groups) {
  const opening = { logId, start, seconds, salt: filled(0x31), groups };
  const bytes = encodeMetrics({ logId, start, seconds, commitment: metricsCommitment(opening) });
  return {
    bytes: toHex(bytes),
    opening: { ...opening, logId: toHex(logId), salt: toHex(opening.salt) },
  };
}

function disbursementOf(payee, amount, expiry) {
  const opening = {
    logId,
    decisionId: filled(0x41, 16),
    payee,
    amount,
    expiry,
    salt: filled(0x42),
  };
  const digest = disbursementDigest(opening, place);
  const entry = { logId, id: filled(0x43, 16), digest, signature: sign(digest) };
  return {
    bytes: toHex(encodeDisbursement(entry)),
    authoriser: address(authoriser),
    place,
    opening: {
      ...opening,
      logId: toHex(logId),
      decisionId: toHex(opening.decisionId),
      amount: String(amount),
      salt: toHex(opening.salt),
    },
  };
}

export function typed() {
  const day = { start: 1_772_323_200, seconds: 86_400 };
  const metrics = [
    metricsOf(day.start, day.seconds, [
      { approved: 40, declined: 10, other: 3 },
      { approved: 20, declined: 30, other: 0 },
    ]),
    metricsOf(0, 1, [{ approved: 2 ** 32 - 1, declined: 0, other: 2 ** 32 - 1 }]),
  ];
  const disbursements = [
    disbursementOf(`0x${'ab'.repeat(20)}`, 1_250_000_000n, 1_772_409_600),
    disbursementOf(`0x${'01'.repeat(20)}`, (1n << 256n) - 1n, 2 ** 53 - 1),
  ];
  const [entry] = disbursements;
  const s = BigInt(`0x${entry.bytes.slice(256, 320)}`);
  const flipped = entry.bytes.slice(320) === '1b' ? '1c' : '1b';
  const spoiled = (end) => entry.bytes.slice(0, 192) + end;
  return {
    comment:
      'metrics and disbursements: an entry and its opening. refused: read the bytes as `tag`, for a disbursement recover its authoriser too.',
    metrics,
    disbursements,
    refused: [
      ['a byte short', 'metrics', metrics[0].bytes.slice(2), 'TYPED_MALFORMED'],
      ['a trailing byte', 'metrics', `${metrics[0].bytes}00`, 'TYPED_MALFORMED'],
      [
        'a longer tag',
        'metrics',
        metrics[0].bytes.replace('6d65747269637300', '6d65747269637331'),
        'TYPED_MALFORMED',
      ],
      [
        'a period of no length',
        'metrics',
        `${metrics[0].bytes.slice(0, 112)}00000000${metrics[0].bytes.slice(120)}`,
        'TYPED_MALFORMED',
      ],
      [
        'a start of 2^53',
        'metrics',
        `${metrics[0].bytes.slice(0, 96)}0020000000000000${metrics[0].bytes.slice(112)}`,
        'TYPED_MALFORMED',
      ],
      ['a byte short', 'disbursement', entry.bytes.slice(0, -2), 'TYPED_MALFORMED'],
      [
        'high s',
        'disbursement',
        spoiled(
          `${entry.bytes.slice(192, 256)}${(ORDER - s).toString(16).padStart(64, '0')}${flipped}`,
        ),
        'DISBURSEMENT_SIGNATURE',
      ],
      [
        'v of 0',
        'disbursement',
        spoiled(`${entry.bytes.slice(192, 320)}00`),
        'DISBURSEMENT_SIGNATURE',
      ],
      [
        'r of 0',
        'disbursement',
        spoiled(`${'00'.repeat(32)}${entry.bytes.slice(256)}`),
        'DISBURSEMENT_SIGNATURE',
      ],
      [
        's of 0',
        'disbursement',
        spoiled(`${entry.bytes.slice(192, 256)}${'00'.repeat(32)}1b`),
        'DISBURSEMENT_SIGNATURE',
      ],
      [
        'r of the order',
        'disbursement',
        spoiled(`${ORDER.toString(16)}${entry.bytes.slice(256)}`),
        'DISBURSEMENT_SIGNATURE',
      ],
    ].map(([name, tag, bytes, code]) => ({ name, tag, bytes, code })),
  };
}
