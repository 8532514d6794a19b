import type { InteractionExplanation, Model } from '@showcause/explain';

/** Pairs that a page shows; `--json` has them all. */
const SHOWN = 10;

/** By name of feature and name of feature: a number, or an array by class. The row sums are the attributions. */
export type InteractionsByName = Readonly<
  Record<string, Readonly<Record<string, number | number[]>>>
>;

export function interactionsByName(
  model: Model,
  { interactions }: InteractionExplanation,
): InteractionsByName {
  const features = model.featureNames.length;
  const valueOf = (i: number, j: number): number | number[] => {
    const byOutput = interactions.map((matrix) => matrix[i * features + j] ?? NaN);
    return byOutput.length === 1 ? (byOutput[0] ?? NaN) : byOutput;
  };
  return Object.fromEntries(
    model.featureNames.map((name, i) => [
      name,
      Object.fromEntries(model.featureNames.map((other, j) => [other, valueOf(i, j)])),
    ]),
  );
}

/** The strongest pairs, both halves of each together: what the two add beyond what each does alone. */
export function interactionTable(model: Model, { interactions }: InteractionExplanation): string[] {
  const features = model.featureNames.length;
  const pairs = model.featureNames.flatMap((name, i) =>
    model.featureNames.slice(0, i).map((other, j) => ({
      name: `${other} × ${name}`,
      values: interactions.map((matrix) => 2 * (matrix[i * features + j] ?? NaN)),
    })),
  );
  const weight = ({ values }: { values: readonly number[] }): number =>
    Math.max(...values.map(Math.abs));
  const strongest = pairs
    .filter((pair) => weight(pair) > 0)
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, SHOWN);
  const width = Math.max(0, ...strongest.map(({ name }) => name.length));
  return [
    `  interactions (${strongest.length} strongest of ${pairs.length} pairs)`,
    ...strongest.map(
      ({ name, values }) =>
        `    ${name.padEnd(width)}  ${values.map((value) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`).join(' ')}`,
    ),
    '',
  ];
}
