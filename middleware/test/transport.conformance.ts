import { afterEach, describe, expect, test } from '@jest/globals';
import type { OutgoingMessage, Transport } from '../src/index.ts';

/** A transport and a way to see, independently of it, what the other side holds. */
export interface TransportUnderTest {
  transport: Transport;
  /** values and headers in the order the other side keeps them */
  stored(): Promise<{ key: string; value: Buffer; headers: Record<string, Buffer> }[]>;
  /** makes the other side fail, then come back; absent where it cannot */
  outage?: { begin(): Promise<void>; end(): Promise<void> };
  dispose(): Promise<void>;
}

function message(i: number, producer = 'api', bytes = 40): OutgoingMessage {
  return {
    value: Buffer.alloc(bytes, `${i} `),
    producer,
    headers: { ce_id: `${i}`, 'showcause-promise': Buffer.from([i, 255]) },
  };
}

/** Tries again as the middleware does: the other side may not be ready yet, or not again. */
async function publishUntilTaken(transport: Transport, messages: OutgoingMessage[]): Promise<void> {
  for (let attempt = 0; ; attempt++)
    try {
      return await transport.publish(messages);
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
}

/** What every transport has to do; called in a describe of each adapter. */
export function transportConformance(name: string, make: () => Promise<TransportUnderTest>): void {
  describe(`transport ${name}`, () => {
    let made: TransportUnderTest | null = null;
    afterEach(async () => {
      await made?.transport.close();
      await made?.dispose();
      made = null;
    });

    test('stores all messages of one publish, in order, with key and headers', async () => {
      made = await make();
      const sent = Array.from({ length: 1200 }, (_, i) =>
        message(i, 'api', i === 7 ? 400_000 : 40),
      );
      await publishUntilTaken(made.transport, sent);
      const stored = await made.stored();
      expect(stored.map(({ headers }) => headers['ce_id']!.toString())).toStrictEqual(
        sent.map(({ headers }) => headers['ce_id']),
      );
      expect(stored.every(({ key }) => key === 'api')).toBe(true);
      expect(stored[7]!.value).toHaveLength(400_000);
      expect([...stored[3]!.headers['showcause-promise']!]).toStrictEqual([3, 255]);
    });

    test('one publish after another keeps the order', async () => {
      made = await make();
      for (let i = 0; i < 5; i++)
        await publishUntilTaken(made.transport, [message(2 * i), message(2 * i + 1)]);
      expect(
        (await made.stored()).map(({ headers }) => Number(headers['ce_id']!.toString())),
      ).toStrictEqual([...Array(10).keys()]);
    });

    test('nothing to publish is nothing', async () => {
      made = await make();
      await made.transport.publish([]);
      expect(await made.stored()).toStrictEqual([]);
    });

    test('during an outage it rejects with its code; afterwards the same instance goes on', async () => {
      made = await make();
      if (made.outage === undefined) return;
      await publishUntilTaken(made.transport, [message(0)]);
      await made.outage.begin();
      try {
        await expect(made.transport.publish([message(1)])).rejects.toMatchObject({
          code: 'KAFKA_UNREACHABLE',
        });
      } finally {
        await made.outage.end();
      }
      await publishUntilTaken(made.transport, [message(1), message(2)]);
      const ids = (await made.stored()).map(({ headers }) => Number(headers['ce_id']!.toString()));
      expect([...new Set(ids)]).toStrictEqual([0, 1, 2]); // duplicates are allowed, losses and swaps are not
    });
  });
}
