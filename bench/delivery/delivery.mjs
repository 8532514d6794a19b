// One way from a spool to a signed checkpoint: the service on a store, with Kafka between them or without.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../lib/child.mjs';
import { root } from '../lib/scratch.mjs';
import { serviceConfig } from './set-up.mjs';

const script = (name) => join(root, 'bench/delivery', name);
let topics = 0;

/**
 * @typedef {object} Progress
 * @property {number} signedSize
 * @property {number} cpu  of the service and, with Kafka, of who publishes, in microseconds
 * @property {number} rss  of the service, in bytes
 *
 * @typedef {object} Delivery
 * @property {string} spool  what lies here was accepted
 * @property {() => void} spooled  says that something was added
 * @property {() => Promise<Progress>} ask
 * @property {() => Promise<import('./stores.mjs').StoredBytes>} end  stops it, removes all it stored, tells how much that was
 * @property {() => Promise<import('./stores.mjs').StoredBytes>} stop  stops it and leaves all
 */

/**
 * @param {{ setUp: string, dir: string, store: (dir: string) => import('./stores.mjs').BenchStore, kafka: { brokers: string[] } | null, spool?: string }} parts  spool: of a producer that runs
 * @returns {Promise<Delivery>}
 */
export async function openDelivery({ setUp, dir, store: openStore, kafka, ...given }) {
  const own = mkdtempSync(join(dir, 'delivery-'));
  const log = join(own, 'log');
  const spool = given.spool ?? join(own, 'spool');
  mkdirSync(spool, { recursive: true });
  const store = openStore(own);
  const topic = `bench-${process.pid}-${topics++}`;
  const config = join(own, 'config.json');
  const transport =
    kafka === null
      ? { kind: 'embedded', spools: [spool] }
      : { kind: 'kafka', brokers: kafka.brokers, topic };
  writeFileSync(
    config,
    JSON.stringify(serviceConfig(setUp, { store: store.config, log, transport })),
  );
  const service = await startChild(script('server.mjs'), [config]);
  const publisher =
    kafka === null
      ? null
      : await startChild(script('kafka-publisher.mjs'), [spool, kafka.brokers.join(), topic]);
  const stop = async () => {
    await publisher?.end();
    await service.end();
    return store.bytes(log);
  };
  return {
    spool,
    spooled: () => publisher?.tell('spooled'),
    async ask() {
      const [mine, theirs] = await Promise.all([service.ask('how far'), publisher?.ask('cpu')]);
      return { ...mine, cpu: mine.cpu + (theirs?.cpu ?? 0) };
    },
    stop,
    async end() {
      const bytes = await stop();
      await store.drop();
      rmSync(own, { recursive: true, force: true });
      return bytes;
    },
  };
}
