import type { Cohort } from '../cohorts.ts';
import type { Drift, DriftReport } from '../drift.ts';
import type { Estimate } from '../intervals.ts';
import { escapeMarkdown } from './escape.ts';
import { number, share, table } from './table.ts';

/** Features that a cohort's line names. */
const NAMED = 3;

export function driftLines(drift: DriftReport): string[] {
  const [attributions] = drift.attributions;
  const rows = drift.features.map((one, feature) => {
    const pushed = attributions?.[feature];
    return [
      escapeMarkdown(one.name),
      number(one.psi),
      ksOf(one),
      pushed === undefined ? '' : number(pushed.psi),
      pushed === undefined ? '' : ksOf(pushed),
    ];
  });
  const scores = drift.scores.map((one) => ['the score', '', '', number(one.psi), ksOf(one)]);
  return [
    `${drift.otherRows} rows against ${drift.referenceRows} reference rows. PSI over ${drift.bins} cells of the reference (${drift.zeroCells}); KS is the largest distance of the distributions.`,
    '',
    ...table(
      ['feature', 'PSI of values', 'KS of values', 'PSI of attributions', 'KS of attributions'],
      [...rows, ...scores],
    ),
  ];
}

function ksOf({ ks }: Drift): string {
  return ks === null ? '' : number(ks.statistic);
}

export function cohortLines(cohorts: readonly Cohort[]): string[] {
  return [
    'Each cohort against all other rows, with 95 % intervals. A difference alone proves no discrimination, and its absence no fairness.',
    '',
    ...table(
      [
        'cohort',
        'rows',
        'score less others',
        'approved',
        'approved less others',
        'largest differences of attributions',
      ],
      cohorts.map((cohort) => [
        escapeMarkdown(cohort.name),
        `${cohort.rows}`,
        estimate(cohort.scoreDifference, number),
        cohort.approval === null ? '' : estimate(cohort.approval.rate, share),
        cohort.approval === null ? '' : estimate(cohort.approval.difference, share),
        largest(cohort),
      ]),
    ),
  ];
}

function estimate({ value, interval }: Estimate, word: (value: number) => string): string {
  if (interval === null) return `${word(value)} (too few rows for an interval)`;
  return `${word(value)} (${word(interval.low)} to ${word(interval.high)})`;
}

function largest({ attributions }: Cohort): string {
  return [...attributions]
    .sort((a, b) => Math.abs(b.difference.value) - Math.abs(a.difference.value))
    .slice(0, NAMED)
    .map(({ feature, difference }) => `${escapeMarkdown(feature)} ${number(difference.value)}`)
    .join(', ');
}
