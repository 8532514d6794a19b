import { describe, expect, test } from '@jest/globals';
import {
  SPOOL_MESSAGE,
  decodeMessage,
  formatReceipt,
  fromBase64,
  leafHash,
  parseReceipt,
  parseTlogProof,
  parseVkey,
  sha256,
  toHex,
  verifyTlogProof,
} from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { createTestAudit, testIdentity } from '../src/testing.ts';
import type { TestAudit } from '../src/testing.ts';
import { memoryLog } from './log.ts';
import type { MemoryLog } from './log.ts';

async function setUp(): Promise<{
  audited: TestAudit;
  log: MemoryLog;
  decisionId: string;
  leaf: Uint8Array;
}> {
  const key = generateKey('log');
  const identity = testIdentity('test-api', key);
  const log = memoryLog(identity.genesisEntry.origin, key);
  log.append([identity.genesis]);
  const audited = await createTestAudit({
    identity,
    transport: {
      name: 'memory',
      readsSpool: true,
      log,
      connect: async () => {},
      publish: async () => {},
      close: async () => {},
    },
  });
  const { decisionId } = await audited.audit.wrap(
    { name: 'job', outcome: () => 'denied' },
    { value: 1 },
    () => ({ n: 1 }),
  );
  const leaf = (await audited.records(decisionId))[0]!.leaf;
  return { audited, log, decisionId, leaf };
}

function logAll({ audited, log }: { audited: TestAudit; log: MemoryLog }): void {
  log.append(
    audited
      .spooled()
      .filter(({ type }) => type === SPOOL_MESSAGE)
      .map(({ bytes }) => decodeMessage(bytes).entry),
  );
}

describe('a receipt', () => {
  test('before the log has it: promise and openings, no proof', async () => {
    const set = await setUp();
    const receipt = (await set.audited.audit.receipt(set.decisionId))!;
    expect(parseReceipt(formatReceipt(receipt))).toStrictEqual(receipt);
    expect(receipt).toMatchObject({ proof: null, anchor: null });
    expect(receipt.openings.map(({ path, value }) => [path[0], value])).toEqual(
      expect.arrayContaining([
        ['outcome', 'denied'],
        ['decisionId', set.decisionId],
        ['responseHash', toHex(sha256(Buffer.from('{"n":1}')))],
      ]),
    );
    expect(receipt.openings.map(({ path }) => path[0])).not.toContain('subject');
    await set.audited.audit.close();
  });

  test('once logged: an inclusion proof that the log key signs', async () => {
    const set = await setUp();
    logAll(set);
    const receipt = (await set.audited.audit.receipt(set.decisionId))!;
    const proof = parseTlogProof(receipt.proof!);
    const { origin, log: vkey } = set.audited.identity.genesisEntry;
    expect(verifyTlogProof(set.leaf, proof, origin, [parseVkey(vkey)]).size).toBe(set.log.size());
    expect(toHex(leafHash(fromBase64(receipt.entry)))).toBe(toHex(set.leaf));
    await set.audited.audit.close();
  });

  test('once anchored: re-rooted to exactly the anchored head, while the log grows on', async () => {
    const set = await setUp();
    logAll(set);
    set.log.anchor();
    const anchored = set.log.size();
    set.log.append(Array.from({ length: 300 }, (_, i) => Buffer.from(`later ${i}`)));
    const receipt = (await set.audited.audit.receipt(set.decisionId))!;
    expect(receipt.anchor).toMatchObject({ size: anchored, chainId: 31337 });
    const { origin, log: vkey } = set.audited.identity.genesisEntry;
    expect(
      verifyTlogProof(set.leaf, parseTlogProof(receipt.proof!), origin, [parseVkey(vkey)]).size,
    ).toBe(anchored);
    await set.audited.audit.close();
  });

  test.each<[string, (log: MemoryLog) => void]>([
    [
      'a checkpoint of another key',
      (log) => log.files.set('checkpoint', memoryOther(log).checkpointNow()),
    ],
    [
      'tiles that do not lead to the root',
      (log) => log.files.set('tile/0/000.p/' + log.size(), new Uint8Array(32 * log.size()).fill(7)),
    ],
    ['no checkpoint', (log) => log.files.set('checkpoint', new Uint8Array(0))],
  ])('%s: no proof is given out, the promise still is', async (_name, spoil) => {
    const set = await setUp();
    logAll(set);
    spoil(set.log);
    const receipt = (await set.audited.audit.receipt(set.decisionId))!;
    expect(receipt.proof).toBeNull();
    expect(receipt.promise).not.toBe('');
    await set.audited.audit.close();
  });

  test('of a decision nobody made: null', async () => {
    const set = await setUp();
    expect(await set.audited.audit.receipt('0'.repeat(32))).toBeNull();
    await set.audited.audit.close();
  });
});

function memoryOther(log: MemoryLog): { checkpointNow: () => Uint8Array } {
  const other = memoryLog('log.test/showcause', generateKey('log'));
  other.append(Array.from({ length: log.size() }, (_, i) => Buffer.from(`${i}`)));
  return { checkpointNow: () => other.files.get('checkpoint')! };
}
