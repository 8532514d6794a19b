import { escapeMarkdown, escapeParagraphs } from './escape.ts';
import type { ModelCard } from './card.ts';
import { cohortLines, driftLines } from './markdown-sets.ts';
import { number, share, table } from './table.ts';
import type { StatedField } from './stated.ts';

const NOT_STATED = '_Not stated._';

/** Features that the page has; the JSON has all. */
const SHOWN = 30;

const TITLES: readonly (readonly [field: StatedField, title: string])[] = [
  ['description', 'Description'],
  ['intendedUse', 'Intended use'],
  ['outOfScopeUse', 'Uses it is not for'],
  ['trainingData', 'Training data'],
  ['evaluationData', 'Evaluation data'],
  ['evaluation', 'Evaluation'],
  ['ethicalConsiderations', 'Ethical considerations'],
  ['limitations', 'Limitations'],
];

/** The card as Markdown (CommonMark with tables), the same bytes for the same card. */
export function modelCardMarkdown(card: ModelCard): string {
  const { stated } = card;
  const lines = [
    `# Model card: ${stated.name === null ? NOT_STATED : escapeMarkdown(stated.name)}`,
    ...section('Who and what', statedTable(card)),
    ...TITLES.flatMap(([field, title]) => section(title, [paragraph(stated[field])])),
    ...section(card.model.sha256 === null ? 'The model' : 'The model file', modelLines(card)),
    ...section('How it was explained', explanationLines(card)),
    ...section('What counts', importanceLines(card)),
    ...permutationLines(card),
    ...curveLines(card),
    ...surrogateLines(card),
    ...(card.drift === null ? [] : section('Drift', driftLines(card.drift))),
    ...(card.cohorts === null ? [] : section('Cohorts', cohortLines(card.cohorts))),
  ];
  return `${lines.join('\n')}\n`;
}

export function section(title: string, lines: readonly string[]): string[] {
  return ['', `## ${title}`, '', ...lines];
}

function paragraph(text: string | null): string {
  return text === null ? NOT_STATED : escapeParagraphs(text);
}

function statedTable({ stated }: ModelCard): string[] {
  const rows = (['version', 'date', 'owners', 'contact', 'licence'] as const).map((field) => {
    const text = stated[field];
    return [field, text === null ? NOT_STATED : escapeMarkdown(text)];
  });
  return table(['fact', 'stated'], rows);
}

const KINDS: Readonly<Record<ModelCard['model']['kind'], string>> = {
  trees: 'trees',
  linear: 'linear',
  predicted: 'known by its answers alone: there was no file to read',
};

function modelLines({ model }: ModelCard): string[] {
  const { sha256, format, formatVersion, objective, link } = model;
  const facts = [
    ...(sha256 === null ? [] : [['SHA-256', `\`${sha256}\``]]),
    ...(format === null ? [] : [['format', escapeMarkdown(`${format} ${formatVersion ?? ''}`)]]),
    ['kind', model.trees === null ? KINDS[model.kind] : `${model.trees} trees`],
    ...(objective === null
      ? []
      : [['objective', escapeMarkdown(`${objective}, link ${link ?? ''}`)]]),
    ['outputs', `${model.outputs}`],
    ['features', `${model.features.length}`],
  ];
  const features = model.features
    .slice(0, SHOWN)
    .map(({ name, type, categories }) => [
      escapeMarkdown(name),
      type,
      categories === null ? '' : categories.map(escapeMarkdown).join(', '),
    ]);
  return [
    ...table(['fact', 'read from the file'], facts),
    '',
    ...table(['feature', 'type', 'categories'], features),
    ...more(model.features.length),
  ];
}

function more(features: number): string[] {
  return features > SHOWN ? ['', `${features - SHOWN} more features are in the JSON.`] : [];
}

function explanationLines({ explanation }: ModelCard): string[] {
  const { background } = explanation;
  return table(
    ['fact', 'value'],
    [
      ['rows', `${explanation.rows}`],
      ['method', explanation.method],
      ['unit', explanation.outputSpace],
      ['kernel', `${explanation.kernel}, version ${explanation.version}`],
      ['background rows', background === null ? 'none' : `${background.rows}`],
      [
        'background',
        background?.id === undefined || background.id === null ? '' : escapeMarkdown(background.id),
      ],
      ['background SHA-256', background === null ? '' : `\`${background.hash}\``],
      ['seed', `${explanation.seed}`],
    ].filter(([, value]) => value !== ''),
  );
}

function importanceLines({ importance, explanation }: ModelCard): string[] {
  const weight = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0);
  const sorted = [...importance].sort((a, b) => weight(b.meanAbsolute) - weight(a.meanAbsolute));
  return [
    explanation.method === 'lime'
      ? 'Mean absolute coefficient of the lines that LIME fits around the rows: they do not add up to scores.'
      : `Mean absolute attribution, in units of ${explanation.outputSpace}.`,
    '',
    ...table(
      ['feature', 'mean absolute', 'mean', 'rows where it counts'],
      sorted
        .slice(0, SHOWN)
        .map(({ name, meanAbsolute, mean, nonzero }) => [
          escapeMarkdown(name),
          meanAbsolute.map(number).join(' · '),
          mean.map(number).join(' · '),
          nonzero.join(' · '),
        ]),
    ),
    ...more(importance.length),
  ];
}

function permutationLines({ permutation }: ModelCard): string[] {
  if (permutation === null) return [];
  const { baseline, repeats, scorer } = permutation;
  const sorted = [...permutation.features].sort((a, b) => b.mean - a.mean);
  return section('What the score loses', [
    `Permutation importance: how much worse ${scorer} (${number(baseline)}) gets when a feature's values are dealt out anew, ${repeats} times.`,
    '',
    ...table(
      ['feature', 'mean', 'standard deviation'],
      sorted
        .slice(0, SHOWN)
        .map(({ feature, mean, std }) => [escapeMarkdown(feature), number(mean), number(std)]),
    ),
  ]);
}

function curveLines({ partialDependence, withoutCurve, explanation }: ModelCard): string[] {
  if (partialDependence.length === 0) return [];
  const at = (one: ModelCard['partialDependence'][number], place: number) =>
    escapeMarkdown(one.categories?.[place] ?? number(one.grid[place] ?? NaN));
  const rows = [...partialDependence]
    .sort((a, b) => b.range - a.range)
    .slice(0, SHOWN)
    .map((one) => {
      const [low, high] = [Math.min(...one.average), Math.max(...one.average)];
      return [
        escapeMarkdown(one.feature),
        one.shape ?? 'by category',
        `${number(low)} at ${at(one, one.average.indexOf(low))}`,
        `${number(high)} at ${at(one, one.average.indexOf(high))}`,
      ];
    });
  return section('Along each feature', [
    `Partial dependence of the score of output ${explanation.output} (${explanation.outputSpace}): its mean when every row is given one value.`,
    '',
    ...table(['feature', 'shape', 'lowest', 'highest'], rows),
    ...(withoutCurve.length === 0
      ? []
      : [
          '',
          `No row has a finite value of ${withoutCurve.map(escapeMarkdown).join(', ')}: no curve.`,
        ]),
  ]);
}

function surrogateLines({ surrogate, explanation, model: { outputs } }: ModelCard): string[] {
  if (surrogate === null) return [];
  const { heldOut, depth, rules } = surrogate;
  const r2 = heldOut.r2 === null ? 'undefined: scores do not vary' : number(heldOut.r2);
  const accuracy =
    heldOut.accuracy === null ? '' : `; the same decision in ${share(heldOut.accuracy)}`;
  return section('In a few rules', [
    `A tree of depth ${depth} that imitates the model's scores (${explanation.outputSpace}), not the model itself. On ${heldOut.rows} rows held out from it: R² ${r2}${accuracy}.`,
    '',
    ...table(
      ['rule', scoreName(explanation.output, outputs), 'share of rows'],
      rules.map((rule) => [
        escapeMarkdown(rule.words),
        number(rule.value),
        rule.share === null ? '' : share(rule.share),
      ]),
    ),
  ]);
}

function scoreName(output: number, outputs: number): string {
  return outputs === 1 ? 'score' : `score of output ${output}`;
}
