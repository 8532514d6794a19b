import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { metricsRegistry } from '../anchor-service/src/http/metrics.ts';
import { repository } from './support/demo.ts';

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; fix: string };
}

const path = join(repository, 'docs/alerts.yml');
const { groups } = parse(readFileSync(path, 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const promtool = spawnSync('sh', ['-c', 'command -v promtool'], { encoding: 'utf8' }).stdout.trim();

function check(args: readonly string[], input?: string) {
  return ask(['check', ...args], input);
}

function ask(args: readonly string[], input?: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(promtool, args, {
    input,
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

/** Everything that a service can say, with a log that has a chain. */
async function metrics(): Promise<string> {
  const registry = metricsRegistry([
    {
      name: 'loans',
      status: () => ({
        state: 'running',
        code: null,
        size: 3,
        signedSize: 2,
        sequencing: 'running',
        publishing: 'running',
        source: 'whole',
        sourceCodes: [],
        anchoring: 'running',
        anchoredSize: 1,
        anchor: {
          code: null,
          endpoints: [{ endpoint: 1, code: null }],
          costs: { transactions: 1, gas: 48_000, feeGwei: 2, leaves: 9, decisions: 3 },
        },
        waitingMessages: 0,
      }),
      stored: {
        quarantineCounts: () => Promise.resolve({ KEY: 1 }),
        quarantinedBytes: () => Promise.resolve(7),
      },
      places: { store: repository },
      outlook: () => Promise.resolve({ balance: 1n, anchors: 5, blockTime: 0 }),
    },
  ]);
  return registry.metrics();
}

interface Case {
  alert: string;
  /** values of three hours, a minute each, by series */
  series: Record<string, string>;
  /** labels of what fires */
  fires: Record<string, string>[];
}

const parts = (labels: string, value: number): Record<string, string> => ({
  [`showcause_part_running{part="sequencing",${labels}}`]: `${value}x180`,
});
const standby = (labels: string, value: number): Record<string, string> => ({
  [`showcause_log_state{state="standby",${labels}}`]: `${value}x180`,
});
const one = 'job="showcause",instance="a"';
const other = 'job="showcause",instance="b"';

const cases: Case[] = [
  { alert: 'ShowcausePartStopped', series: { ...parts(one, 0), ...standby(one, 1) }, fires: [] },
  {
    alert: 'ShowcausePartStopped',
    series: { ...parts(one, 0), ...standby(one, 0), ...parts(other, 0), ...standby(other, 1) },
    fires: [{ job: 'showcause', instance: 'a', part: 'sequencing' }],
  },
  {
    alert: 'ShowcausePartStopped',
    series: {
      ...parts(`${one},log="x"`, 0),
      ...standby(`${one},log="x"`, 0),
      ...parts(`${one},log="y"`, 0),
      ...standby(`${one},log="y"`, 1),
    },
    fires: [{ job: 'showcause', instance: 'a', log: 'x', part: 'sequencing' }],
  },
  {
    alert: 'ShowcauseAnchoringBehind',
    series: {
      'showcause_log_signed_entries{log="unanchored"}': '5+1x180',
      'showcause_log_signed_entries{log="behind"}': '5+1x180',
      'showcause_log_anchored_entries{log="behind"}': '3x180',
      'showcause_log_signed_entries{log="well"}': '5+1x180',
      'showcause_log_anchored_entries{log="well"}': '4+1x180',
    },
    fires: [{ log: 'behind' }],
  },
  {
    alert: 'ShowcauseStoreUnreadable',
    series: {
      'showcause_store_readable{log="x"}': '0x180',
      'showcause_store_readable{log="y"}': '1x180',
    },
    fires: [{ log: 'x' }],
  },
];

/** As promtool takes it. */
function ruleTest({ alert, series, fires }: Case): object {
  const { labels, annotations } = rules.find((rule) => rule.alert === alert)!;
  const summaryOf = (part = ''): string => annotations.summary.replace('{{ $labels.part }}', part);
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      {
        eval_time: '2h30m',
        alertname: alert,
        exp_alerts: fires.map((fired) => ({
          exp_labels: { ...labels, ...fired },
          exp_annotations: { ...annotations, summary: summaryOf(fired['part']) },
        })),
      },
    ],
  };
}

const units = ['seconds', 'bytes', 'entries', 'messages', 'items', 'anchors', 'total', 'ratio'];

describe('metrics of the service', () => {
  test('ours have a prefix, a help text, and a unit or a state for a name', async () => {
    const text = await metrics();
    const ours = [...text.matchAll(/^# TYPE (showcause_\S+) (\S+)$/gm)]
      .map(([, name, type]) => ({ name: name!, type }))
      .filter(({ name }) => !/^showcause_(process|nodejs)_/.test(name));
    expect(ours.length).toBeGreaterThan(10);
    for (const { name, type } of ours) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} .+\\.$`, 'm'));
      expect(name).toMatch(/^showcause_[a-z]+(_[a-z]+)*$/);
      const hasUnit = units.some((unit) => name.endsWith(`_${unit}`));
      const isState = /_(whole|running|readable|reading|state|problem)$/.test(name);
      expect({ name, named: hasUnit || isState }).toStrictEqual({ name, named: true });
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });

  (promtool === '' ? test.skip : test)('promtool has nothing to say of ours', async () => {
    const ours = (await metrics()).replace(
      /^(# (HELP|TYPE) )?showcause_(process|nodejs)_.*\n/gm,
      '',
    );
    expect(check(['metrics'], ours)).toStrictEqual({ status: 0, said: '' });
  });
});

describe('docs/alerts.yml', () => {
  test('names metrics and labels that the service has', async () => {
    const text = await metrics();
    for (const { alert, expr } of rules) {
      const named = [...expr.matchAll(/\bshowcause_[a-z_]+\b/g)].map(([name]) => name);
      expect({ alert, named }).not.toStrictEqual({ alert, named: [] });
      for (const name of named) expect(text).toContain(`\n# TYPE ${name} gauge\n`);
      for (const [, label, values] of expr.matchAll(/([a-z]+)=~?"([^"]+)"/g))
        for (const value of values!.split('|')) expect(text).toContain(`${label}="${value}"`);
    }
  });

  test('each says what it is and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Showcause[A-Z]/);
      expect(['page', 'ticket']).toContain(labels.severity);
      expect(annotations.summary).not.toBe('');
      expect(annotations.fix).toMatch(/\.$/);
    }
  });

  (promtool === '' ? test.skip : test)('fire for what they are about, and for nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'showcause-alerts-'));
    const file = join(folder, 'alerts.test.json');
    writeFileSync(file, JSON.stringify({ rule_files: [path], tests: cases.map(ruleTest) }));
    const answer = ask(['test', 'rules', file]);
    rmSync(folder, { recursive: true });
    expect(answer).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS') });
  });

  (promtool === '' ? test.skip : test)('promtool reads it', () => {
    const { status, said } = check(['rules', path]);
    expect({ status, said }).toMatchObject({
      status: 0,
      said: expect.stringContaining(`${rules.length} rules found`),
    });
  });
});
