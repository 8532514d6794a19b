import { plainName } from '@showcause/explain';
import type { Cohort, CurveSummary, DriftReport, Estimate, GlobalJson } from '@showcause/explain';

/** A readable page of a model as a whole, the weightiest first; `--format json` has every number. */
export function globalText(given: GlobalJson): string[] {
  const { explanation } = given;
  return [
    `${explanation.rows} rows   ${explanation.method}, ${explanation.outputSpace}   ${explanation.kernel}   seed ${explanation.seed}`,
    explanation.modelHash === null
      ? 'a model that is known by its answers alone'
      : `model ${explanation.modelHash}`,
    ...importanceLines(given),
    ...permutationLines(given),
    ...curveLines(given),
    ...surrogateLines(given),
    ...(given.drift === null ? [] : driftLines(given.drift)),
    ...(given.cohorts ?? []).flatMap(cohortLines),
  ];
}

function importanceLines({ importance, explanation }: GlobalJson): string[] {
  const sorted = sortedBy(importance, ({ meanAbsolute }) => sum(meanAbsolute));
  return part(
    explanation.method === 'lime'
      ? "mean |coefficient| of lime's lines, mean"
      : 'mean |attribution|, mean',
    sorted.map(({ name, meanAbsolute, mean }) => [
      name,
      meanAbsolute.map((value) => value.toFixed(6)).join(' '),
      mean.map(signed).join(' '),
    ]),
  );
}

function permutationLines({ permutation }: GlobalJson): string[] {
  if (permutation === null) return [];
  const { baseline, repeats, scorer, features } = permutation;
  return part(
    `permutation importance: loss of ${scorer} (${short(baseline)}), ${repeats} shuffles`,
    sortedBy(features, ({ mean }) => mean).map(({ feature, mean, std }) => [
      feature,
      signed(mean),
      `± ${std.toFixed(6)}`,
    ]),
  );
}

function curveLines({ explanation, partialDependence, withoutCurve }: GlobalJson): string[] {
  const missing =
    withoutCurve.length === 0
      ? []
      : ['', `no curve: no row has a finite value of ${withoutCurve.map(plainName).join(', ')}`];
  if (partialDependence.length === 0) return missing;
  const curves = part(
    `partial dependence: mean score of output ${explanation.output} along each feature`,
    sortedBy(partialDependence, ({ range }) => range).map((curve) => [
      curve.feature,
      curve.shape ?? 'by category',
      end(curve, Math.min),
      end(curve, Math.max),
    ]),
  );
  return [...curves, ...missing];
}

function end(
  { average, grid, categories }: CurveSummary,
  pick: (...values: number[]) => number,
): string {
  const value = pick(...average);
  const at = average.indexOf(value);
  const label = categories?.[at];
  return `${signed(value)} at ${label === undefined ? short(grid[at] ?? NaN) : plainName(label)}`;
}

function surrogateLines({ surrogate, explanation, importance }: GlobalJson): string[] {
  if (surrogate === null) return [];
  const { depth, heldOut, rules } = surrogate;
  const r2 = heldOut.r2 === null ? 'undefined' : heldOut.r2.toFixed(4);
  const same =
    heldOut.accuracy === null ? '' : `, the same decision in ${percent(heldOut.accuracy)}`;
  return [
    '',
    `surrogate tree of depth ${depth}: R² ${r2}${same}, on ${heldOut.rows} rows it never saw`,
    ...((importance[0]?.mean.length ?? 1) > 1
      ? [`  rules of the score of output ${explanation.output}`]
      : []),
    ...rules.map(
      ({ words, value, share }) =>
        `  ${signed(value)}  ${share === null ? '' : `${percent(share).padStart(6)}  `}if ${words}`,
    ),
  ];
}

function driftLines({
  referenceRows,
  otherRows,
  features,
  attributions,
  scores,
}: DriftReport): string[] {
  const ks = (value: { readonly statistic: number; readonly pValue: number } | null) =>
    value === null ? '' : `KS ${value.statistic.toFixed(4)} (p ${short(value.pValue)})`;
  return [
    ...part(
      `drift: ${otherRows} rows against ${referenceRows}: values, then attributions`,
      sortedBy(
        features.map((one, at) => ({
          one,
          pushed: attributions.map((list) => list[at]?.psi ?? 0),
        })),
        ({ one }) => one.psi,
      ).map(({ one, pushed }) => [
        one.name,
        `PSI ${one.psi.toFixed(4)}`,
        `PSI ${pushed.map((psi) => psi.toFixed(4)).join(' ')}`,
        ks(one.ks),
      ]),
    ),
    ...scores.map((one) => `  score: PSI ${one.psi.toFixed(4)}  ${ks(one.ks)}`),
  ];
}

/** Features that a cohort names. */
const NAMED = 5;

function cohortLines({
  name,
  rows,
  others,
  approval,
  scoreDifference,
  attributions,
}: Cohort): string[] {
  return [
    '',
    `cohort ${plainName(name)}: ${rows} rows against ${others} others`,
    `  score less others      ${estimate(scoreDifference, signed)}`,
    ...(approval === null
      ? []
      : [
          `  approved               ${estimate(approval.rate, percent)}`,
          `  approved less others   ${estimate(approval.difference, percent)}`,
        ]),
    ...sortedBy(attributions, ({ difference }) => Math.abs(difference.value))
      .slice(0, NAMED)
      .map(({ feature, difference }) => `  ${plainName(feature)}  ${estimate(difference, signed)}`),
  ];
}

function estimate({ value, interval }: Estimate, word: (value: number) => string): string {
  if (interval === null) return `${word(value)} (too few rows for an interval)`;
  return `${word(value)} (95 %: ${word(interval.low)} to ${word(interval.high)})`;
}

/** Lines of aligned columns under a title; names come first. */
function part(title: string, rows: readonly (readonly string[])[]): string[] {
  const named = rows.map(([name = '', ...cells]) => [plainName(name), ...cells]);
  const widths = named.reduce<number[]>(
    (most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)),
    [],
  );
  return [
    '',
    title,
    ...named.map((row) =>
      `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
    ),
  ];
}

function sortedBy<T>(list: readonly T[], weight: (item: T) => number): T[] {
  return [...list].sort((a, b) => weight(b) - weight(a));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
