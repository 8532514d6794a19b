import type { RequestListener } from 'node:http';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { ServiceStatus } from '../service.ts';

/** What only the store knows. */
export interface StoredCounts {
  quarantineCounts(): Promise<Readonly<Record<string, number>>>;
  quarantinedBytes(): Promise<number>;
}

const PREFIX = 'showcause_';

/**
 * Prometheus metrics of a service and its process, read when they are asked for. Counts and states alone: nothing in
 * them is about a producer or a person.
 */
export function metricsRegistry(status: () => ServiceStatus, stored: StoredCounts): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const gauge = (name: string, help: string, read: (status: ServiceStatus) => number): void => {
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers,
      collect() {
        this.set(read(status()));
      },
    });
  };
  gauge('log_entries', 'Leaves that are committed to the store.', ({ size }) => size);
  gauge(
    'log_signed_entries',
    'Leaves under the newest signed checkpoint.',
    (now) => now.signedSize,
  );
  gauge('log_anchored_entries', 'Leaves under the newest final anchor.', (now) => now.anchoredSize);
  gauge('waiting_messages', 'Messages that wait for a promise.', (now) => now.waitingMessages);
  gauge('source_whole', '1 while the transport still has all that it acknowledged.', ({ source }) =>
    Number(source === 'whole'),
  );
  new Gauge({
    name: `${PREFIX}part_running`,
    help: '1 while this part of the service does its work; no anchoring without a chain.',
    labelNames: ['part'],
    registers,
    collect() {
      const { sequencing, publishing, anchoring } = status();
      this.reset();
      for (const [part, state] of Object.entries({ sequencing, publishing, anchoring }))
        if (state !== 'off') this.set({ part }, Number(state === 'running'));
    },
  });
  new Gauge({
    name: `${PREFIX}quarantined_items`,
    help: 'Items of a source that did not become a leaf of their producer, by reason.',
    labelNames: ['reason'],
    registers,
    async collect() {
      this.reset();
      for (const [reason, count] of Object.entries(await stored.quarantineCounts()))
        this.set({ reason }, count);
    },
  });
  new Gauge({
    name: `${PREFIX}quarantined_bytes`,
    help: 'Raw bytes that are kept of quarantined items.',
    registers,
    async collect() {
      this.set(await stored.quarantinedBytes());
    },
  });
  return registry;
}

/** Answers `GET /metrics` in Prometheus's text format, and nothing else. */
export function metricsListener(registry: Registry): RequestListener {
  return (request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  };
}
