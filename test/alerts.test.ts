import { readFileSync } from 'node:fs';
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

function check(args: readonly string[], input?: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(promtool, ['check', ...args], {
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
      const isState = /_(whole|running|reading|state|problem)$/.test(name);
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

  (promtool === '' ? test.skip : test)('promtool reads it', () => {
    const { status, said } = check(['rules', path]);
    expect({ status, said }).toMatchObject({
      status: 0,
      said: expect.stringContaining(`${rules.length} rules found`),
    });
  });
});
