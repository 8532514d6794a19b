import { expect, test } from '@jest/globals';
import { leafHash, merkleRoot, toHex } from '@showcause/core';
import type { BatchLine, Line, TrialLine } from '../src/records.ts';
import { parseLines } from '../src/records.ts';
import { reportPage } from '../src/report.ts';
import { isSound, summarise } from '../src/summary.ts';

const run: Line = {
  kind: 'run',
  command: 'npm run chaos -- --seed a',
  ...{ profile: 'ci', seed: 'a', began: '2026-01-02T03:04:05.000Z', minutes: 6, cores: 2 },
  versions: { node: 'v20' },
};
const trial: TrialLine = {
  kind: 'trial',
  ...{ seed: '00', batch: 1, configuration: 'embedded', fault: 'kill-app', target: 'by-time' },
  planned: { delaysMs: [1], nth: 1, holdMs: 1, manner: 'reset', jumpMs: 0 },
  ...{ at: '2026-01-02T03:04:06.000Z', load: 1, tookMs: 9, accepted: 3, refused: 1, failed: 0 },
  ...{
    lost: 0,
    unproven: 0,
    answerMs: 5,
    checkpointMs: 8,
    hit: true,
    outcome: 'killed',
    violations: [],
  },
};
const batch: BatchLine = {
  kind: 'batch',
  ...{ batch: 1, configuration: 'embedded', sealing: 'worker', trials: 1, tookMs: 9, receipts: 3 },
  ...{ root: '11'.repeat(32), entries: 9, heads: 4, announced: 0, lost: 0, unproven: 0 },
  ...{ duplicated: 0, holes: 0, forked: 0, verifyLog: 0, fsck: 0 },
  restarts: { app: 1, service: 0 },
  violations: [],
};
const end: Line = { kind: 'end', ended: '2026-01-02T03:05:05.000Z', skipped: [], left: 0 };

test('a summary follows from the lines, also when they come from a file', () => {
  const lines = [run, trial, batch, end];
  const summary = summarise(lines);
  expect(isSound(summary)).toBe(true);
  const root = toHex(merkleRoot([leafHash(new Uint8Array(32).fill(0x11))]));
  expect(summary).toMatchObject({ trials: 1, batches: 1, receipts: 3, heads: 4, root });
  const read = parseLines(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  expect(summarise(read)).toEqual(summary);
  expect(reportPage(summarise(read), 'a.ndjson')).toBe(reportPage(summary, 'a.ndjson'));
});

test.each([
  ['a receipt lost', [trial, { ...batch, lost: 1 }]],
  ['an entry twice', [trial, { ...batch, duplicated: 1 }]],
  ['a receipt unproven', [trial, { ...batch, unproven: 1 }]],
  ['no fault that came to be', [{ ...trial, hit: false }, batch]],
  ['too many faults that never came to be', [trial, { ...trial, hit: false }, batch]],
  ['a hole', [trial, { ...batch, holes: 1 }]],
  ['a fork', [trial, { ...batch, forked: 1 }]],
  ['a violation of a batch', [trial, { ...batch, violations: ['fsck 1'] }]],
  ['a violation of a trial', [{ ...trial, violations: ['late'] }, batch]],
  ['no trial at all', [batch]],
] as const)('%s: not sound, and the page says so', (_what, lines) => {
  const summary = summarise([run, ...lines, end]);
  expect(isSound(summary)).toBe(false);
  const page = reportPage(summary, 'a.ndjson');
  expect(page).not.toBe(reportPage(summarise([run, trial, batch, end]), 'a.ndjson'));
});

test('the rule of three is claimed where nothing failed, and nowhere else', () => {
  expect(reportPage(summarise([run, trial, batch, end]), 'a')).toMatch(/rule of three/);
  const bad = summarise([run, { ...trial, violations: ['late'] }, batch, end]);
  expect(reportPage(bad, 'a')).not.toMatch(/rule of three/);
});
