import type { Cohort, DriftReport, Estimate, GlobalJson } from '@showcause/explain';
import { csvLine } from './print-csv.ts';

type Cell = string | number;
/** part, name, output or cohort, where, value */
type Line = readonly [part: string, name: string, of: Cell, at: Cell, value: Cell];

/** One long table of every number: what it is, of what, where and how much. */
export function globalCsv(given: GlobalJson): string[] {
  const lines: Line[] = [
    ...importanceLines(given),
    ...permutationLines(given),
    ...curveLines(given),
    ...surrogateLines(given),
    ...(given.drift === null ? [] : driftLines(given.drift)),
    ...(given.cohorts ?? []).flatMap(cohortLines),
  ];
  return [csvLine(['part', 'name', 'of', 'at', 'value']), ...lines.map(csvLine)];
}

function importanceLines({ importance }: GlobalJson): Line[] {
  return importance.flatMap(({ name, meanAbsolute, mean, nonzero }) => [
    ...meanAbsolute.map((value, output): Line => ['meanAbsolute', name, output, '', value]),
    ...mean.map((value, output): Line => ['mean', name, output, '', value]),
    ...nonzero.map((value, output): Line => ['nonzero', name, output, '', value]),
  ]);
}

function permutationLines({ permutation }: GlobalJson): Line[] {
  if (permutation === null) return [];
  const { scorer, features, baseline } = permutation;
  return [
    ['permutation.baseline', scorer, '', '', baseline],
    ...features.flatMap(({ feature, mean, std, importances }): Line[] => [
      ['permutation.mean', feature, scorer, '', mean],
      ['permutation.std', feature, scorer, '', std],
      ...importances.map((value, i): Line => ['permutation.repeat', feature, scorer, i, value]),
    ]),
  ];
}

function curveLines(given: GlobalJson): Line[] {
  const { partialDependence, accumulatedEffects, withoutCurve, explanation } = given;
  return [
    ...withoutCurve.map((feature): Line => ['withoutCurve', feature, '', '', '']),
    ...partialDependence.flatMap(({ feature, grid, average, categories }) =>
      grid.map((at, i): Line => [
        'partialDependence',
        feature,
        explanation.output,
        categories?.[i] ?? at,
        average[i] ?? '',
      ]),
    ),
    ...accumulatedEffects.flatMap(({ feature, edges, effect, categories }) =>
      edges.map((at, i): Line => [
        'accumulatedEffect',
        feature,
        explanation.output,
        categories?.[i] ?? at,
        effect[i] ?? '',
      ]),
    ),
  ];
}

function surrogateLines({ surrogate, explanation }: GlobalJson): Line[] {
  if (surrogate === null) return [];
  const { heldOut, rules } = surrogate;
  return [
    ['surrogate.heldOut', 'rows', '', '', heldOut.rows],
    ['surrogate.heldOut', 'r2', '', '', heldOut.r2 ?? ''],
    ['surrogate.heldOut', 'accuracy', '', '', heldOut.accuracy ?? ''],
    ...rules.map(({ words, value, share }): Line => [
      'surrogate.rule',
      words,
      explanation.output,
      share ?? '',
      value,
    ]),
  ];
}

function driftLines({ features, attributions, scores }: DriftReport): Line[] {
  const lines = (part: string, output: Cell, list: DriftReport['features']): Line[] =>
    list.flatMap(({ name, psi, ks }) => [
      [`${part}.psi`, name, output, '', psi],
      [`${part}.ks`, name, output, '', ks?.statistic ?? ''],
      [`${part}.ksPValue`, name, output, '', ks?.pValue ?? ''],
    ]);
  return [
    ...lines('drift.feature', '', features),
    ...attributions.flatMap((list, output) => lines('drift.attribution', output, list)),
    ...scores.flatMap((one, output) => lines('drift.score', output, [one])),
  ];
}

function cohortLines({
  name,
  rows,
  meanScore,
  scoreDifference,
  attributions,
  approval,
}: Cohort): Line[] {
  const lines = (part: string, of: string, { value, interval }: Estimate): Line[] => [
    [part, of, name, 'value', value],
    [part, of, name, 'low', interval?.low ?? ''],
    [part, of, name, 'high', interval?.high ?? ''],
  ];
  return [
    ['cohort.rows', '', name, '', rows],
    ['cohort.meanScore', '', name, '', meanScore],
    ...lines('cohort.scoreDifference', '', scoreDifference),
    ...(approval === null
      ? []
      : [
          ...lines('cohort.approvalRate', '', approval.rate),
          ...lines('cohort.approvalDifference', '', approval.difference),
        ]),
    ...attributions.flatMap(({ feature, difference }) =>
      lines('cohort.attributionDifference', feature, difference),
    ),
  ];
}
