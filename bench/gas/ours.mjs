// What Showcause's own contracts cost.
import { showcauseLogSuccessorAbi, showcauseLogSuccessorCreationCode } from '@showcause/contracts';
import { proveConsistency, proveInclusion, rootAt, toHex } from '@showcause/core';
import { compiled, deployed, mined, viewed } from './chain.mjs';
import { bytesOf, deployLog } from './log.mjs';

export const CHECK = 'inclusion of an entry at 2^20 leaves, execution';
const hex = (bytes) => `0x${toHex(bytes)}`;

const SAMPLES = 40;
const FROM = 2 ** 20;
const STRIDE = Math.floor(FROM / SAMPLES);
/** 2,100 for the cold slot and 2,900 to change it, twice; 375 for a LOG, 375 for each of two topics, 8 for each of 32 bytes. */
const STORE_AND_LOG = 2 * 5_000 + 3 * 375 + 32 * 8;

/** `count` numbers below `limit` that are the same in every run. */
function drawn(name, count, limit) {
  return Array.from({ length: count }, (_, i) =>
    Number(Buffer.from(bytesOf(`${name} ${i}`)).readBigUInt64BE() % BigInt(limit)),
  );
}

/** Old sizes one to a stretch of [2^20, 2^21), so that one log can hold them one after the other. */
export function stepsOf(batch, alignment) {
  const aligned = (size) => size - (size % alignment);
  return drawn(`${batch} ${alignment}`, SAMPLES, STRIDE - batch).map((offset, i) => {
    const oldSize = aligned(FROM + i * STRIDE + offset);
    return { oldSize, size: aligned(oldSize + batch) };
  });
}

/** Not at all; as the anchorer aligns (three quarters of what waits go at once); by the largest power of two of the batch. */
function alignmentsOf(batch) {
  const largest = 2 ** Math.floor(Math.log2(batch));
  return [1, largest / 4, largest];
}

export async function checkpoints(anvil, batches) {
  const all = [];
  for (const batch of batches)
    for (const alignment of alignmentsOf(batch))
      all.push(await checkpoint(anvil, batch, alignment));
  return all;
}

async function checkpoint(anvil, batch, alignment) {
  const log = await deployLog(anvil, `${batch} ${alignment}`);
  const samples = [];
  for (const { oldSize, size } of stepsOf(batch, alignment)) {
    if (log.size < oldSize) await log.advance(oldSize);
    samples.push(await log.advance(size));
  }
  const which =
    alignment === 1 ? 'any size' : `sizes aligned to ${alignment.toLocaleString('en-US')}`;
  return {
    name: `Showcause, ${batch.toLocaleString('en-US')} decisions, ${which}`,
    batch,
    alignment,
    gas: samples.map(({ gas }) => gas),
    hashes: samples.map(({ hashes }) => hashes),
    floor: samples.map(({ input }) => floorOf(input)),
  };
}

/** 4 for a zero byte and 16 for any other, or where it is more 10 and 40 without what is executed (EIP-7623). */
function floorOf(input) {
  const bytes = Buffer.from(input.slice(2), 'hex');
  const tokens = bytes.reduce((sum, byte) => sum + (byte === 0 ? 1 : 4), 0);
  return Math.max(21_000 + 4 * tokens + STORE_AND_LOG, 21_000 + 10 * tokens);
}

/** At 2^20 leaves a proof has 20 hashes wherever the leaf is. */
export async function inclusions(anvil) {
  const log = await deployLog(anvil, 'inclusion');
  await log.advance(FROM);
  const root = await rootAt(FROM, log.read);
  const consumer = await deployed(anvil, compiled('Consumer'));
  // Every entry but the first is 32 zero bytes, and so is its tag.
  const [tag, entry] = [hex(new Uint8Array(16)), hex(new Uint8Array(32))];
  const used = { check: [], checkLiteral: [], act: [] };
  for (const index of drawn('inclusion', SAMPLES, FROM - 1).map((at) => BigInt(at + 1))) {
    const proof = (await proveInclusion(Number(index), FROM, log.read)).map(hex);
    const place = [entry, index, BigInt(FROM), hex(root), proof];
    for (const [name, args] of [
      ['check', place],
      ['checkLiteral', place],
      ['act', [log.address, tag, entry, index, proof]],
    ])
      used[name].push(Number(await viewed(anvil, consumer, name, args)));
  }
  return [
    { name: CHECK, values: used.check },
    { name: 'the same, literal RFC 9162', values: used.checkLiteral },
    { name: 'the same with asking the log for its head', values: used.act },
  ];
}

/** Of the contracts themselves. */
export async function deployments(anvil) {
  const log = await deployLog(anvil, 'deployment');
  const { gasUsed } = await mined(anvil, log.transactionHash);
  const root = await rootAt(FROM, log.read);
  const roles = Object.fromEntries(
    Object.entries(log.roles).map(([role, { address }]) => [role, address]),
  );
  const successor = await deployed(
    anvil,
    { abi: showcauseLogSuccessorAbi, bytecode: showcauseLogSuccessorCreationCode },
    [
      log.address,
      BigInt(FROM),
      hex(root),
      (await proveConsistency(1, FROM, log.read)).map(hex),
      roles,
    ],
  );
  return [
    { name: 'deployment of a log', values: [Number(gasUsed)] },
    { name: 'deployment of a successor', values: [successor.gas] },
  ];
}
