import { partitionOf } from '@showcause/middleware/transports/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { lowPort, startFaultProxy, startKafkaCluster } from '@showcause/parts';
import type { FaultProxy, KafkaCluster, Processes } from '@showcause/parts';

/** A broker, or three, as each side reaches it. */
export interface Brokers {
  cluster: KafkaCluster;
  /** host:port for the application and for the service; one broker alone is behind a proxy for each */
  app: readonly string[];
  service: readonly string[];
  proxies: { app: FaultProxy; service: FaultProxy } | null;
  close(): Promise<void>;
}

/** Replicas are elected only when all three are there, so a kill of one leaves a quorum. */
export async function startThreeBrokers(processes: Processes): Promise<Brokers> {
  const cluster = await startKafkaCluster({ processes });
  const { brokers } = cluster;
  return { cluster, app: brokers, service: brokers, proxies: null, close: () => cluster.stop() };
}

/** One broker with a listener for each side; what it tells that side to connect to is a proxy. */
export async function startOneBroker(processes: Processes): Promise<Brokers> {
  const ports = new Set<number>();
  while (ports.size < 4) ports.add(await lowPort());
  const [plain, app, service, controller] = [...ports] as [number, number, number, number];
  const proxies = { app: await startFaultProxy(app), service: await startFaultProxy(service) };
  const at = (port: number): string => `127.0.0.1:${port}`;
  const cluster = await startKafkaCluster({
    processes,
    nodes: 1,
    settings: {
      'controller.quorum.voters': `1@${at(controller)}`,
      listeners: `PLAINTEXT://${at(plain)},APP://${at(app)},SERVICE://${at(service)},CONTROLLER://${at(controller)}`,
      'advertised.listeners': `PLAINTEXT://${at(plain)},APP://${at(proxies.app.port)},SERVICE://${at(proxies.service.port)}`,
      'listener.security.protocol.map':
        'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,APP:PLAINTEXT,SERVICE:PLAINTEXT',
    },
  });
  return {
    cluster,
    app: [at(proxies.app.port)],
    service: [at(proxies.service.port)],
    proxies,
    async close() {
      await cluster.stop();
      await Promise.all([proxies.app.close(), proxies.service.close()]);
    },
  };
}

/** Who leads the partition that a producer writes to; null when nobody can say. */
export async function leaderOf(
  { cluster }: Brokers,
  producer: string,
  topic: string,
): Promise<number | null> {
  const { brokers } = cluster;
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 1 } }).admin();
  try {
    await admin.connect();
    const [found] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
    const partitions = found?.partitions ?? [];
    const own = partitionOf(producer, partitions.length);
    return partitions.find(({ partitionId }) => partitionId === own)?.leader ?? null;
  } catch {
    return null;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
