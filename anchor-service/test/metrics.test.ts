import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readServiceConfig } from '../src/config.ts';
import { metricsListener, metricsRegistry } from '../src/http/metrics.ts';
import { recentCounts } from '../src/http/stored-counts.ts';
import { serveHttp } from '../src/http/server.ts';
import { startService } from '../src/service.ts';
import type { ServiceStatus } from '../src/service.ts';
import { newFolder, removeFolders, silent, writeServiceFolder } from './support/log.ts';

afterAll(removeFolders);

const status: ServiceStatus = {
  state: 'running',
  code: null,
  size: 70,
  signedSize: 64,
  sequencing: 'running',
  publishing: 'failed',
  source: 'lost',
  sourceCodes: ['KAFKA_OFFSETS', 'TOPIC_RETENTION'],
  anchoring: 'off',
  anchoredSize: 32,
  anchor: null,
  waitingMessages: 5,
};
const counts = {
  quarantineCounts: () => Promise.resolve({ MALFORMED: 2 }),
  quarantinedBytes: () => Promise.resolve(99),
};

const places = { store: tmpdir() };
const outlook = () =>
  Promise.resolve({ balance: 10n ** 18n, anchors: 12_345, blockTime: Date.now() + 90_000 });

/** Samples by name and labels, each behind its HELP and TYPE. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const described = new Set<string>();
  for (const line of text.split('\n')) {
    const [, about] = /^# (?:HELP|TYPE) ([a-z0-9_]+) /.exec(line) ?? [];
    if (about !== undefined) described.add(about);
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)$/.exec(
      line,
    )!;
    expect([...described].some((known) => name!.startsWith(known))).toBe(true);
    found.set(`${name}${labels}`, Number(value));
  }
  return found;
}

test('states and counts under names of their convention', async () => {
  const found = samples(
    await metricsRegistry([
      { name: null, status: () => status, stored: counts, places, outlook },
    ]).metrics(),
  );
  expect(Object.fromEntries(found)).toMatchObject({
    showcause_log_entries: 70,
    showcause_log_signed_entries: 64,
    showcause_store_readable: 1,
    showcause_waiting_messages: 5,
    showcause_source_whole: 0,
    showcause_source_reading: 0,
    'showcause_source_problem{code="KAFKA_OFFSETS"}': 1,
    'showcause_part_running{part="sequencing"}': 1,
    'showcause_part_running{part="publishing"}': 0,
    'showcause_quarantined_items{reason="MALFORMED"}': 2,
    showcause_quarantined_bytes: 99,
  });
  expect(found.get('showcause_disk_free_bytes{place="store"}')).toBeGreaterThan(0);
  expect(found.get('showcause_operator_affordable_anchors')).toBe(12_345);
  expect(found.get('showcause_clock_behind_chain_seconds')).toBeGreaterThan(60);
  expect(found.has('showcause_part_running{part="anchoring"}')).toBe(false);
  expect(found.has('showcause_log_anchored_entries')).toBe(false);
  const anchor = {
    code: 'CHAIN_FUNDS',
    endpoints: [
      { endpoint: 1, code: null },
      { endpoint: 2, code: 'CHAIN_TIMEOUT' },
    ],
    costs: { transactions: 2, gas: 90_000, feeGwei: 1.5, leaves: 300, decisions: 100 },
  };
  const anchored = { ...status, anchoring: 'running' as const, anchor };
  const log = { name: null, status: () => anchored, stored: counts, places, outlook };
  const withChain = samples(await metricsRegistry([log]).metrics());
  expect(Object.fromEntries(withChain)).toMatchObject({
    showcause_log_anchored_entries: 32,
    showcause_anchor_transactions_total: 2,
    showcause_anchor_gas_total: 90_000,
    showcause_anchor_fee_gwei_total: 1.5,
    showcause_anchor_entries_total: 300,
    showcause_anchor_decisions_total: 100,
    'showcause_anchor_problem{code="CHAIN_FUNDS"}': 1,
    'showcause_anchor_problem{code="ANCHOR_WENT_BACK"}': 0,
    'showcause_chain_endpoint_readable{endpoint="1"}': 1,
    'showcause_chain_endpoint_readable{endpoint="2"}': 0,
  });
  for (const name of found.keys()) expect(name).toMatch(/^showcause_[a-z][a-z0-9_]*(\{.*\})?$/);
});

test.each([null, 'loans'])(
  'a store or a place that is away blinds nobody to the rest: %s',
  async (name) => {
    const broken = { ...counts, quarantinedBytes: () => Promise.reject(new Error('secret path')) };
    const gone = { ...places, log: join(tmpdir(), 'not', 'there') };
    const log = { name, status: () => status, stored: broken, places: gone, outlook };
    const found = samples(await metricsRegistry([log]).metrics());
    const at = (metric: string, label?: string): number | undefined => {
      const labels = [name === null ? null : `log="${name}"`, label ?? null].filter(Boolean);
      return found.get(labels.length === 0 ? metric : `${metric}{${labels.join(',')}}`);
    };
    expect(at('showcause_log_entries')).toBe(70);
    expect(at('showcause_store_readable')).toBe(0);
    expect(at('showcause_quarantined_bytes')).toBeUndefined();
    expect(at('showcause_disk_free_bytes', 'place="store"')).toBeGreaterThan(0);
    expect(at('showcause_disk_free_bytes', 'place="log"')).toBeUndefined();
  },
);

test('rows are counted now and then, not for each who asks, and a store that hangs is waited for shortly', async () => {
  let asked = 0;
  let now = 0;
  let hangs = false;
  const stored = {
    ...counts,
    quarantinedBytes: () => {
      asked++;
      return hangs ? new Promise<number>(() => undefined) : Promise.resolve(asked);
    },
  };
  const read = recentCounts(stored, () => now, 10);
  expect(await read()).toMatchObject({ bytes: 1 });
  expect(await Promise.all([read(), read()])).toMatchObject([{ bytes: 1 }, { bytes: 1 }]);
  now += 60_000;
  expect(await read()).toMatchObject({ bytes: 2 });
  now += 60_000;
  hangs = true;
  expect(await read()).toBeNull();
  expect(await read()).toBeNull();
  expect(asked).toBe(3);
});

test('other paths and methods are answered 404', async () => {
  const server = await serveHttp(
    metricsListener(
      metricsRegistry([{ name: null, status: () => status, stored: counts, places, outlook }]),
    ),
    {
      host: '127.0.0.1',
      port: 0,
    },
  );
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
  expect((await fetch(`${server.url}/`)).status).toBe(404);
  expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(404);
  await server.close();
});

test('a service serves them where its configuration says so, and nowhere else', async () => {
  const { config } = writeServiceFolder(newFolder(), { metrics: { host: '127.0.0.1', port: 0 } });
  const service = await startService(readServiceConfig(config), { logger: silent });
  const answer = await fetch(service.metricsUrl!);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(samples(await answer.text()).get('showcause_log_entries')).toBeGreaterThan(0);
  expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
  await service.close();
  await expect(fetch(service.metricsUrl!)).rejects.toThrow();
  const quiet = writeServiceFolder(newFolder());
  const other = await startService(readServiceConfig(quiet.config), { logger: silent });
  expect(other.metricsUrl).toBeNull();
  await other.close();
});
