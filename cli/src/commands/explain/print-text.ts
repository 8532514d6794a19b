import type { Explanation, Model } from '@showcause/explain';

/** A readable page of one row: the weightiest attribution first. */
export function table(
  model: Model,
  row: Float64Array,
  explanation: Explanation,
  index: number,
): string[] {
  const { score, probability, baseValue, attributions } = explanation;
  const numbers = (values: ArrayLike<number>): string =>
    Array.from(values, (value) => signed(value)).join(' ');
  const weight = (feature: number): number =>
    Math.max(...attributions.map((values) => Math.abs(values[feature] ?? 0)));
  const order = Array.from(model.featureNames.keys()).sort((a, b) => weight(b) - weight(a));
  const width = Math.max('base value'.length, ...model.featureNames.map(({ length }) => length));
  const said =
    probability === null ? '' : `   probability ${probability.map((p) => p.toFixed(4)).join(' ')}`;
  const line = (name: string, value: string, rest: string): string =>
    `  ${name.padEnd(width)}  ${value.padStart(14)}  ${rest}`;
  return [
    `row ${index + 1}   score ${numbers(score)}${said}   (${explanation.method}, ${explanation.kernel})`,
    line('base value', '', numbers(baseValue)),
    ...order.map((feature) =>
      line(
        model.featureNames[feature] ?? '',
        shown(model, feature, row[feature] ?? NaN),
        numbers(attributions.map((values) => values[feature] ?? NaN)),
      ),
    ),
    '',
  ];
}

function shown(model: Model, feature: number, value: number): string {
  if (Number.isNaN(value)) return 'missing';
  return (model.categories[feature]?.[value] ?? String(Number(value.toPrecision(9)))).slice(0, 14);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
}
