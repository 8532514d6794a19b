import { statfs } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { AnchorWork } from '../anchoring.ts';
import { chainErrorCodes } from '../chain/errors.ts';
import type { ChainOutlook } from '../chain/outlook.ts';
import { logStates } from '../logs/hosted-log.ts';
import type { LogStatus } from '../logs/hosted-log.ts';
import { recentCounts } from './stored-counts.ts';
import type { Counted, StoredCounts } from './stored-counts.ts';

export interface MeasuredLog {
  /** label `log`; null: the only one, without that label */
  name: string | null;
  status(): LogStatus;
  stored: StoredCounts;
  /** folders that must not fill up */
  places: Readonly<Record<string, string>>;
  /** null where it is not anchored */
  outlook: (() => Promise<ChainOutlook | null>) | null;
}

const PREFIX = 'showcause_';
/** What may be wrong with anchors: each is there as 0 or 1, so that an alert has something to wait for. */
const anchorProblems = Object.keys(chainErrorCodes);
type Labels = Readonly<Record<string, string>>;
type Sample = [labels: Labels, value: number];

/**
 * Prometheus metrics of a service's logs and its process, read when they are asked for. Counts and states alone: nothing
 * in them is about a producer or a person, and the only names are those of the configuration.
 */
export function metricsRegistry(logs: readonly MeasuredLog[]): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const isOnly = logs.length === 1 && logs[0]!.name === null;

  function metric(
    name: string,
    help: string,
    labelNames: string[],
    read: (log: MeasuredLog) => Sample[] | Promise<Sample[]>,
    kind: 'gauge' | 'counter',
  ): void {
    const settings = {
      name: `${PREFIX}${name}`,
      help,
      labelNames: isOnly ? labelNames : ['log', ...labelNames],
      registers: [registry],
    };
    /** @param put  sets a gauge, or brings a counter from nothing to its value */
    const collect = async (
      metric: Gauge | Counter,
      put: (labels: Labels, value: number) => void,
    ): Promise<void> => {
      const samples = await Promise.all(logs.map((log) => spared(log, read)));
      metric.reset();
      // What has no label would be 0 then, which is not the same as none.
      if (isOnly && labelNames.length === 0) metric.remove();
      samples.forEach((ofLog, i) => {
        const label = isOnly ? {} : { log: logs[i]!.name ?? '' };
        for (const [labels, value] of ofLog) put({ ...label, ...labels }, value);
      });
    };
    if (kind === 'gauge')
      new Gauge({
        ...settings,
        collect() {
          return collect(this, (labels, value) => this.set(labels, value));
        },
      });
    else
      new Counter({
        ...settings,
        collect() {
          return collect(this, (labels, value) => this.inc(labels, value));
        },
      });
  }
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    read: (log: MeasuredLog) => Sample[] | Promise<Sample[]>,
  ): void => metric(name, help, labelNames, read, 'gauge');
  const ofStatus = (name: string, help: string, read: (status: LogStatus) => number): void =>
    gauge(name, help, [], (log) => [[{}, read(log.status())]]);

  const ofOutlook = (name: string, help: string, read: (outlook: ChainOutlook) => number): void =>
    gauge(name, help, [], async ({ outlook }) => {
      const seen = (await outlook?.()) ?? null;
      return seen === null ? [] : [[{}, read(seen)]];
    });

  ofStatus('log_entries', 'Leaves that are committed to the store.', ({ size }) => size);
  ofStatus(
    'log_signed_entries',
    'Leaves under the newest signed checkpoint.',
    (now) => now.signedSize,
  );
  gauge(
    'log_anchored_entries',
    'Leaves under the newest final anchor; none without a chain.',
    [],
    (log) => {
      const { anchoring, anchoredSize } = log.status();
      return anchoring === 'off' ? [] : [[{}, anchoredSize]];
    },
  );
  const ofAnchor = (
    name: string,
    help: string,
    labelNames: string[],
    read: (anchor: AnchorWork) => Sample[],
    kind: 'gauge' | 'counter' = 'gauge',
  ): void =>
    metric(
      name,
      help,
      labelNames,
      (log) => {
        const { anchor } = log.status();
        return anchor === null ? [] : read(anchor);
      },
      kind,
    );
  const ofCosts = (name: string, help: string, member: keyof AnchorWork['costs']): void =>
    ofAnchor(name, help, [], ({ costs }) => [[{}, costs[member]]], 'counter');
  ofCosts(
    'anchor_transactions_total',
    'Anchors of this process that are in a block.',
    'transactions',
  );
  ofCosts('anchor_gas_total', 'Gas that they took.', 'gas');
  ofCosts(
    'anchor_fee_gwei_total',
    'What they cost, in thousand millionths of the coin.',
    'feeGwei',
  );
  ofCosts('anchor_entries_total', 'Leaves that they brought on the chain.', 'leaves');
  ofCosts('anchor_decisions_total', 'Decisions among these leaves.', 'decisions');
  ofAnchor(
    'anchor_problem',
    '1 for what the last look at the chain failed with.',
    ['code'],
    (anchor) => anchorProblems.map((code) => [{ code }, Number(anchor.code === code)]),
  );
  ofAnchor(
    'chain_endpoint_readable',
    '1 while this endpoint of the chain answers, by its number in the configuration.',
    ['endpoint'],
    ({ endpoints }) =>
      endpoints.map(({ endpoint, code }) => [{ endpoint: `${endpoint}` }, Number(code === null)]),
  );
  ofStatus('waiting_messages', 'Messages that wait for a promise.', (now) => now.waitingMessages);
  ofStatus(
    'source_whole',
    '1 while the transport still has all that it acknowledged.',
    ({ source }) => Number(source !== 'lost'),
  );
  ofStatus('source_reading', '1 while entries are read from the transport.', ({ source }) =>
    Number(source === 'whole'),
  );
  gauge(
    'source_problem',
    '1 for each thing that is wrong with the transport, or dangerous in its settings.',
    ['code'],
    (log) => log.status().sourceCodes.map((code) => [{ code }, 1]),
  );
  gauge('log_state', '1 for the state that the log is in.', ['state'], (log) =>
    logStates.map((state) => [{ state }, Number(log.status().state === state)]),
  );
  gauge(
    'part_running',
    '1 while this part of the service does its work; no anchoring without a chain.',
    ['part'],
    (log) => partsOf(log.status()),
  );
  const counts = new Map(logs.map((log) => [log, recentCounts(log.stored)]));
  const ofCounts = (
    name: string,
    help: string,
    labelNames: string[],
    read: (counted: Counted | null) => Sample[],
  ): void => gauge(name, help, labelNames, async (log) => read(await counts.get(log)!()));
  ofCounts(
    'store_readable',
    '1 while the store answers, at the last look of half a minute.',
    [],
    (counted) => [[{}, Number(counted !== null)]],
  );
  ofCounts(
    'quarantined_items',
    'Items of a source that did not become a leaf of their producer, by reason.',
    ['reason'],
    (counted) => Object.entries(counted?.byReason ?? {}).map(([reason, n]) => [{ reason }, n]),
  );
  ofCounts('quarantined_bytes', 'Raw bytes that are kept of quarantined items.', [], (counted) =>
    counted === null ? [] : [[{}, counted.bytes]],
  );
  gauge(
    'disk_free_bytes',
    'Bytes that may still be written where this lies.',
    ['place'],
    async ({ places }) => {
      const free = await Promise.all(Object.entries(places).map(freeBytes));
      return free.flat();
    },
  );
  ofOutlook(
    'operator_affordable_anchors',
    'Anchors that the operator can still pay for at the price that the node names.',
    ({ anchors }) => anchors,
  );
  ofOutlook(
    'clock_behind_chain_seconds',
    'How far this clock is behind the newest block; 0 when it is not.',
    ({ blockTime }) => Math.max(0, blockTime - Date.now()) / 1_000,
  );
  return registry;
}

/** None for a place that cannot be asked: the others are still told. */
async function freeBytes([place, path]: [string, string]): Promise<Sample[]> {
  try {
    const { bavail, bsize } = await statfs(path);
    return [[{ place }, bavail * bsize]];
  } catch {
    return [];
  }
}

/** What cannot be asked blinds nobody to the rest. */
async function spared(
  log: MeasuredLog,
  read: (log: MeasuredLog) => Sample[] | Promise<Sample[]>,
): Promise<Sample[]> {
  try {
    return await read(log);
  } catch {
    return [];
  }
}

function partsOf({ sequencing, publishing, anchoring }: LogStatus): Sample[] {
  return Object.entries({ sequencing, publishing, anchoring })
    .filter(([, state]) => state !== 'off')
    .map(([part, state]) => [{ part }, Number(state === 'running')]);
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
