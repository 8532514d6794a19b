import express from 'express';
import { afterEach, describe, expect, test } from '@jest/globals';
import { KafkaError } from '@showcause/kafka';
import { embedded } from '../src/index.ts';
import type { AuditOptions, OutgoingMessage, Transport } from '../src/index.ts';
import { SPOOL_MESSAGE, decodeMessage, decodeReceiptHeader, toHex } from '@showcause/core';
import { createTestAudit } from '../src/testing.ts';
import type { TestAudit } from '../src/testing.ts';
import { listen, newestDecision } from './support.ts';

/** A broker in memory: it takes, answers with an error, or is silent until told. */
function broker() {
  let release: (() => void)[] = [];
  const made = {
    name: 'memory',
    readsSpool: false,
    log: null,
    state: 'takes' as 'takes' | 'fails' | 'silent',
    taken: [] as OutgoingMessage[],
    connect: () => Promise.resolve(),
    async publish(messages: readonly OutgoingMessage[]) {
      if (made.state === 'fails') throw new KafkaError('KAFKA_UNREACHABLE', { got: 'an outage' });
      if (made.state === 'silent') await new Promise<void>((resolve) => release.push(resolve));
      made.taken.push(...messages);
    },
    close: () => Promise.resolve(),
    answer() {
      made.state = 'takes';
      for (const one of release) one();
      release = [];
    },
  };
  return made satisfies Transport & Record<string, unknown>;
}

const open: TestAudit[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.audit.close(10);
});

async function start(
  transport: Transport,
  more: Partial<AuditOptions> = {},
): Promise<TestAudit & { decide: () => Promise<{ receipt: string | null }> }> {
  const audited = await createTestAudit({
    transport,
    durability: 'replicated',
    replicationMs: 150,
    ...more,
  });
  open.push(audited);
  const decide = () =>
    audited.audit.wrap({ name: 'job', outcome: () => 'denied' }, { value: 1 }, () => ({ n: 1 }));
  return { ...audited, decide };
}

const holds = ({ taken }: { taken: OutgoingMessage[] }, receipt: string | null): boolean => {
  const wanted = toHex(decodeReceiptHeader(receipt ?? '').entry);
  return taken.some(({ value }) => toHex(decodeMessage(value).entry) === wanted);
};
const followups = async (audited: TestAudit): Promise<unknown[]> =>
  (await audited.records(newestDecision(audited)))
    .filter(({ type }) => type === 'followup')
    .map(({ claims }) => claims['kind']);
const eventually = async (met: () => boolean): Promise<void> => {
  for (let left = 400; !met(); left--) {
    if (left === 0) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

describe("durability 'replicated'", () => {
  test('an answer leaves once its record is acknowledged, and not before', async () => {
    const transport = broker();
    const audited = await start(transport, { replicationMs: 10_000 });
    const { receipt } = await audited.decide();
    expect(holds(transport, receipt)).toBe(true);
    await eventually(() => audited.audit.status().replication.owedMs === 0);
    transport.state = 'silent';
    let left = false;
    const decided = audited.decide().finally(() => (left = true));
    await eventually(() => audited.audit.status().replication.owedMs > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // It is on this disk, and that is not enough.
    expect(left).toBe(false);
    transport.answer();
    expect(holds(transport, (await decided).receipt)).toBe(true);
    expect(audited.audit.status().replication.unreplicated).toBe(0);
  });

  test.each(['silent', 'fails'] as const)(
    'refused when the transport %s: 503, nothing of the answer, said in the stream; later ones before they are decided',
    async (state) => {
      const transport = broker();
      const audited = await start(transport);
      let handled = 0;
      const app = express();
      app.post('/', audited.audit.route({ outcome: (body: { d: string }) => body.d }), (_, res) => {
        handled++;
        res.json({ d: 'approved' });
      });
      const server = await listen(app);
      const ask = () => fetch(server.url, { method: 'POST' });
      expect((await ask()).status).toBe(200);
      transport.state = state;
      const refused = await ask();
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(refused.headers.get('decision-receipt')).toBeNull();
      const problem = (await refused.json()) as Record<string, unknown>;
      expect(problem).toMatchObject({ code: 'DECISION_UNREPLICATED' });
      expect(JSON.stringify(problem)).not.toContain('approved');
      expect(await followups(audited)).toStrictEqual(['incompleteDelivery']);
      await eventually(() => !audited.audit.status().ready);
      const before = handled;
      expect((await ask()).status).toBe(503);
      expect(handled).toBe(before);
      transport.answer();
      await eventually(() => audited.audit.status().ready);
      expect((await ask()).status).toBe(200);
      await server.close();
    },
    20_000,
  );

  test("released with 'local' when the transport is away: counted, shown, said in the stream", async () => {
    const transport = broker();
    const audited = await start(transport, { onUnreplicated: 'local' });
    transport.state = 'silent';
    const { receipt } = await audited.decide();
    expect(decodeReceiptHeader(receipt ?? '').promise).toBeDefined();
    expect(await followups(audited)).toStrictEqual(['unreplicated']);
    const { receipt: second } = await audited.decide();
    expect(audited.audit.status().replication).toMatchObject({ unreplicated: 2 });
    expect(audited.audit.status().replication.owedMs).toBeGreaterThan(0);
    transport.answer();
    // Nothing is lost by it: the spool sends on.
    await eventually(() => holds(transport, receipt) && holds(transport, second));
  });

  test('one route of an audit that is local otherwise', async () => {
    const transport = broker();
    const audited = await start(transport, { durability: 'local' });
    transport.state = 'silent';
    await audited.decide();
    await expect(
      audited.audit.wrap({ name: 'job', durability: 'replicated' }, { value: 1 }, () => 1),
    ).rejects.toMatchObject({ code: 'DECISION_UNREPLICATED' });
    expect(audited.audit.status().ready).toBe(true);
    transport.answer();
  });

  test('many at once share the acknowledgements of few sends', async () => {
    const transport = broker();
    let sends = 0;
    const slow: Transport = {
      ...transport,
      publish: async (messages) => {
        sends++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return transport.publish(messages);
      },
    };
    const audited = await start(slow, { replicationMs: 10_000 });
    const receipts = await Promise.all(Array.from({ length: 200 }, () => audited.decide()));
    expect(receipts.every(({ receipt }) => holds(transport, receipt))).toBe(true);
    expect(sends).toBeLessThan(100);
    const spooled = audited.spooled().filter(({ type }) => type === SPOOL_MESSAGE).length;
    expect(spooled).toBeGreaterThan(400);
  });

  test('refused where it cannot be: no other machine, a stream, an answer that may go unlogged', async () => {
    for (const transport of [undefined, embedded({ dir: '/log' })])
      await expect(
        createTestAudit({
          durability: 'replicated',
          ...(transport === undefined ? {} : { transport }),
        }),
      ).rejects.toMatchObject({ code: 'OPTIONS_DURABILITY' });
    const local = await createTestAudit({ transport: embedded({ dir: '/log' }) });
    open.push(local);
    expect(() => local.audit.route({ durability: 'replicated' })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_DURABILITY' }),
    );
    const { audit } = await start(broker());
    for (const [options, named] of [
      [{ streaming: 'auto' as const }, 'streaming'],
      [{ onUnloggable: 'release' as const }, 'onUnloggable'],
      [{ onUnreplicated: 'maybe' as never }, 'onUnreplicated'],
    ] as const)
      expect(() => audit.route(options)).toThrow(
        expect.objectContaining({ code: 'OPTIONS_VALUE', got: expect.stringContaining(named) }),
      );
    await expect(createTestAudit({ replicationMs: 0 })).rejects.toMatchObject({
      code: 'OPTIONS_VALUE',
    });
  });
});
