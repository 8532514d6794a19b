import type { Change, Counterfactuals } from '../src/counterfactual/result.ts';
import {
  barPlot,
  beeswarmPlot,
  counterfactualPlot,
  curvePlot,
  decisionPlot,
  dependencePlot,
  forcePlot,
  imagePlot,
  interactionPlot,
  textPlot,
  waterfallPlot,
} from '../src/plots/index.ts';
import type { Plot } from '../src/plots/index.ts';
import { someRow, someRows } from './plots-support.ts';

const change = (
  feature: string,
  own: number | null,
  from: number | null,
  to: number | null,
): Change => ({
  feature,
  index: 0,
  moves: 'down',
  own,
  nearest: to ?? from ?? 0,
  from,
  to,
  oneOf: own === null ? [1, 2] : null,
  step: null,
});

/** An answer of a search with two options: a number to lower, and a category with another number. */
export function someFound(names: readonly string[]): Counterfactuals {
  const [a = '', b = '', c = ''] = names;
  const option = { distance: 1, proven: true };
  return {
    status: 'found',
    goal: { measure: 'probability', output: 0, isBelow: true, threshold: 0.28 },
    options: [
      { ...option, changes: [change(a, 3400, null, 2100)], reached: 0.2412 },
      { ...option, changes: [change(b, 24, 12, 18), change(c, null, null, null)], reached: 0.271 },
    ],
    within: [],
    constraints: [],
    search: {
      kernel: '',
      exhaustive: true,
      radius: 2,
      changes: 2,
      spent: 1,
      budget: 1,
      seed: null,
    },
    version: '',
  };
}

type Draw = (names: readonly string[], title: string, width?: number) => Plot;

/** Every kind of plot, drawn with three names and one title. */
export const kinds: readonly [kind: string, draw: Draw][] = [
  [
    'bar',
    (features, title, width = 640) =>
      barPlot({ ...someRow(3), features, values: features }, { title, width }),
  ],
  [
    'waterfall',
    (features, title, width = 640) =>
      waterfallPlot(
        { ...someRow(3), features, values: features },
        { title, notes: [title], width },
      ),
  ],
  [
    'force',
    (features, title, width = 640) =>
      forcePlot({ ...someRow(3), features, values: features }, { title, width }),
  ],
  [
    'beeswarm',
    (features, title, width = 640) =>
      beeswarmPlot({ ...someRows(9, 3), features }, { title, unit: title, width }),
  ],
  [
    'dependence',
    (names, title, width = 640) =>
      dependencePlot(
        {
          feature: names[0]!,
          values: [0, 1, 0, NaN],
          attributions: [1, 2, -3, 0],
          categories: names.slice(1),
          by: { feature: names[1]!, values: [1, 2, NaN, 4] },
        },
        { title, width },
      ),
  ],
  [
    'interactions',
    (features, title, width = 640) =>
      interactionPlot(
        { features, interactions: [1, -0.5, 0.2, -0.5, 2, 0, 0.2, 0, -1] },
        { title, width },
      ),
  ],
  [
    'decision',
    (features, title, width = 640) =>
      decisionPlot(
        { ...someRows(4, 3), features, names: [...features, title], highlight: 1 },
        { title, width },
      ),
  ],
  [
    'counterfactuals',
    (names, title, width = 640) =>
      counterfactualPlot(
        { found: someFound(names), now: 0.41, categories: () => names },
        { title, width },
      ),
  ],
  [
    'curves',
    (names, title, width = 640) =>
      curvePlot(
        { feature: names[0]!, grid: [0, 1], average: [1, 2], words: names.slice(1), name: title },
        { title, width },
      ),
  ],
  [
    'text',
    (tokens, title, width = 640) =>
      textPlot({ tokens, attributions: [1, -0.5, 0] }, { title, width }),
  ],
  [
    'image',
    (names, title, width = 640) =>
      imagePlot(
        { columns: 2, rows: 2, attributions: [1, -1, 0, 0.5], picture: [0, 1, 0.5, 0.2] },
        { title, unit: names[0]!, width },
      ),
  ],
];
