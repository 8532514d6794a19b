import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  SPOOL_REGISTRATION,
  decodeMessage,
  decodeReceiptHeader,
  decodeSignedPromise,
  decisionClaims,
  fromHex,
  leafHash,
  merkleRoot,
  parseEntry,
  toHex,
  verifyOpening,
  verifyPromise,
  verifyPromisedEntry,
  verifyStreamSignature,
} from '@showcause/core';
import type { JsonObject, ReceiptHeader, StreamedEntry } from '@showcause/core';
import { expect } from '@jest/globals';
import type { TestAudit } from '../src/testing.ts';

/** Listens on a free port; `close` ends it and every connection. */
export async function listen(app: {
  listen(port: number, host: string): Server;
}): Promise<{ url: string; port: number; close: () => Promise<void> }> {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Checks a Decision-Receipt with core alone and gives back what it says. */
export function checkReceipt(
  header: string | null,
  { identity }: Pick<TestAudit, 'identity'>,
): { receipt: ReceiptHeader; responseHash: unknown } {
  const receipt = decodeReceiptHeader(header ?? '');
  verifyPromise(receipt.promise, identity.logId, identity.producerKey.publicKey);
  const parsed = verifyPromisedEntry(
    receipt.promise.promise,
    receipt.entry,
    receipt.index,
    receipt.path,
  );
  if (parsed.kind !== 'known' || parsed.entry.type !== 'decision')
    throw new Error('not a decision');
  verifyOpening(decisionClaims, receipt.opening, fromHex(parsed.entry.claims, 32));
  expect(receipt.opening.path).toStrictEqual(['responseHash']);
  return { receipt, responseHash: receipt.opening.value };
}

/** The id of the newest decision in a test audit's index. */
export function newestDecision(test: TestAudit): string {
  const index = test.disk.read('/spool/decisions.index')!;
  return toHex(index.subarray(index.length - 53, index.length - 37));
}

/** Claims of the newest decision. */
export async function newestClaims(test: TestAudit): Promise<JsonObject> {
  const entries = await test.records(newestDecision(test));
  return entries.findLast(({ type }) => type === 'decision')!.claims;
}

export interface StreamReading {
  entries: StreamedEntry[];
  leaves: Uint8Array[];
  covered: number;
  registrations: number;
}

/** Reads a whole spool as an inspector would and holds every rule of a stream against it. */
export function checkStreams(test: TestAudit): StreamReading[] {
  const streams = new Map<number, StreamReading>();
  const { identity } = test;
  let registrations = 0;
  for (const record of test.spooled()) {
    if (record.type === SPOOL_REGISTRATION) registrations++;
    if (record.type === SPOOL_MESSAGE) {
      const { entry: bytes } = decodeMessage(record.bytes);
      const parsed = parseEntry(bytes);
      if (parsed.kind !== 'known' || !('seq' in parsed.entry))
        throw new Error('an unknown entry in the stream');
      const entry = parsed.entry;
      let stream = streams.get(entry.epoch);
      if (stream === undefined)
        streams.set(entry.epoch, (stream = { entries: [], leaves: [], covered: 0, registrations }));
      expect(entry.seq).toBe(stream.entries.length);
      const before = stream.leaves.at(-1);
      if (before !== undefined) expect(entry.prev).toBe(toHex(before));
      if ('sig' in entry)
        verifyStreamSignature(entry, identity.logId, identity.producerKey.publicKey);
      stream.entries.push(entry);
      stream.leaves.push(leafHash(bytes));
    }
    if (record.type === SPOOL_PROMISE) {
      const signed = decodeSignedPromise(record.bytes);
      verifyPromise(signed, identity.logId, identity.producerKey.publicKey);
      const { epoch, firstSeq, count, batchRoot } = signed.promise;
      const stream = streams.get(epoch)!;
      expect(firstSeq).toBe(stream.covered);
      expect(toHex(merkleRoot(stream.leaves.slice(firstSeq, firstSeq + count)))).toBe(
        toHex(batchRoot),
      );
      stream.covered += count;
    }
  }
  return [...streams.values()];
}
