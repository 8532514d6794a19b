// Canonical JSON (RFC 8785): ours refuses what JSON cannot say, the others do not.
import canonicalize from 'canonicalize';
import { canonicalJson, parseCanonicalJson, parseJson, utf8 } from '@showcause/core';
import { atMost, ratioOf, times } from './lib/measure.mjs';

const COUNT = 2_000;

/** @param {{ rounds: number }} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  const rows = [];
  const bars = [];
  for (const [what, document] of Object.entries(documents())) {
    const ordered = inOrder(document);
    const reversed = inReverse(document);
    const text = canonicalJson(document);
    if (canonicalize(reversed) !== text || JSON.stringify(ordered) !== text)
      throw new Error('the contestants write different texts');
    const written = await measureWriting(what, ordered, reversed, rounds);
    rows.push(...written, ...(await measureReading(what, text, rounds)));
    bars.push(
      atMost(
        `${what}, members in order, against JSON.stringify`,
        1.5,
        ratioOf(
          written,
          `${what}: core, members in order`,
          `${what}: JSON.stringify, members in order`,
        ),
      ),
      atMost(
        `${what}, members out of order, against JSON.stringify`,
        3,
        ratioOf(
          written,
          `${what}: core, members out of order`,
          `${what}: JSON.stringify, members out of order`,
        ),
      ),
    );
  }
  return { rows, bars };
}

function measureWriting(what, ordered, reversed, rounds) {
  const plain = `${what}: JSON.stringify, members in order`;
  const plainReversed = `${what}: JSON.stringify, members out of order`;
  const turn = (write, value) => () => {
    for (let i = 0; i < COUNT; i++) write(value);
  };
  return times(
    [
      { name: plain, run: turn(JSON.stringify, ordered) },
      { name: plainReversed, run: turn(JSON.stringify, reversed) },
      {
        name: `${what}: core, members in order`,
        run: turn(canonicalJson, ordered),
        against: [plain],
      },
      {
        name: `${what}: core, members out of order`,
        run: turn(canonicalJson, reversed),
        against: [plainReversed],
      },
      {
        name: `${what}: canonicalize, members in order`,
        run: turn(canonicalize, ordered),
        against: [plain],
      },
      {
        name: `${what}: canonicalize, members out of order`,
        run: turn(canonicalize, reversed),
        against: [plainReversed],
      },
    ],
    { rounds, count: COUNT },
  );
}

function measureReading(what, text, rounds) {
  const bytes = utf8(text);
  const plain = `${what}: JSON.parse`;
  const turn = (read, value) => () => {
    for (let i = 0; i < COUNT; i++) read(value);
  };
  return times(
    [
      { name: plain, run: turn(JSON.parse, text) },
      { name: `${what}: core, strict reading`, run: turn(parseJson, text), against: [plain] },
      {
        name: `${what}: core, canonical bytes`,
        run: turn(parseCanonicalJson, bytes),
        against: [plain],
      },
    ],
    { rounds, count: COUNT },
  );
}

/** An entry of the log, and the larger document whose claims an entry commits to. */
function documents() {
  const hash = '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56';
  const features = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `feature_${String(i).padStart(2, '0')}`,
      [i * 1.37, null, `text ${i}`][i % 3],
    ]),
  );
  return {
    entry: {
      v: 1,
      type: 'decision',
      id: '00112233445566778899aabbccddeeff',
      producer: 'loan-api/worker-1',
      epoch: 1764000000000,
      seq: 12345,
      prev: hash,
      time: '2026-11-24T10:00:00Z',
      deployment: hash,
      claims: hash,
      payload: hash,
      intent: hash,
    },
    explanation: {
      model: { name: 'credit', version: '1.2.3' },
      features,
      attributions: Array.from({ length: 60 }, (_, i) => Math.sin(i)),
      reasons: [
        { code: 'R01', text: 'Your "income" is low\nfor this amount' },
        { code: 'R02', text: 'Die Größe der Rate' },
      ],
    },
  };
}

function rebuild(value, arrange) {
  if (Array.isArray(value)) return value.map((item) => rebuild(item, arrange));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    arrange(Object.keys(value)).map((key) => [key, rebuild(value[key], arrange)]),
  );
}

const inOrder = (value) => rebuild(value, (keys) => keys.sort());
const inReverse = (value) => rebuild(value, (keys) => keys.sort().reverse());
