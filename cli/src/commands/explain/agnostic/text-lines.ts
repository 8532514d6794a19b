import { limeText } from '@showcause/explain';
import type { LimeTextExplanation } from '@showcause/explain';
import { textPlot } from '@showcause/explain/plots';
import type { TextData } from '@showcause/explain/plots';
import { readText } from '../../../files.ts';
import type { Io } from '../../../io.ts';
import { formatOf, openLines } from '../format.ts';
import type { FormatOptions } from '../format.ts';
import type { PlotFlags } from '../plot-options.ts';
import { written } from '../plot-rows.ts';
import { csvLine } from '../print-csv.ts';
import { writeWhole } from '../sink.ts';
import { askingOf, remoteOptions } from './open-model.ts';
import { remoteTexts } from './remote-predict.ts';
import type { SampledOptions } from './sampled-options.ts';

export interface TextTask extends SampledOptions, FormatOptions, PlotFlags {
  readonly predict: URL;
  readonly text: string;
  readonly output?: number;
}

/** `showcause explain --text FILE`: LIME by words, of a model behind HTTP that takes texts. */
export async function explainText(io: Io, options: TextTask): Promise<void> {
  const { samples, seed, predict, plot, out, width, output = 0 } = options;
  const text = readText(options.text);
  const found = await limeText(remoteTexts(predict, remoteOptions(io, predict, options)), text, {
    ...askingOf(options),
    signal: io.signal,
    onProgress: ({ done, total }) => io.progress?.(`${done} of ${total} predictions`),
    ...(samples === undefined ? {} : { samples }),
    ...(seed === undefined ? {} : { seed }),
  });
  io.progress?.('');
  if (plot === 'text') {
    const notes = [`lime; ${found.kernel}, seed ${found.seed}; local fidelity ${fidelity(found)}`];
    const drawn = { unit: 'prediction', notes, ...(width === undefined ? {} : { width }) };
    return written(io, textPlot(tokensOf(text, found, output), drawn), out);
  }
  const sink = openLines(io, options, formatOf(options) === 'csv' ? [csvLine(TITLE)] : []);
  await writeWhole(io, sink, () => {
    for (const line of linesOf(found, options)) sink.line(line);
    return Promise.resolve();
  });
}

const TITLE = ['word', 'output', 'coefficient', 'standardError', 'places'];

function linesOf(found: LimeTextExplanation, options: FormatOptions): string[] {
  const { words, coefficients, standardErrors } = found;
  switch (formatOf(options)) {
    case 'csv':
      return coefficients.flatMap((own, output) =>
        words.map(({ text, at }, i) =>
          csvLine([text, output, own[i] ?? NaN, standardErrors[output]?.[i] ?? NaN, at.join(' ')]),
        ),
      );
    case 'text':
      return page(found);
    case 'json':
    case 'ndjson':
      return [JSON.stringify(found, (_key, value: unknown) => plainArrays(value))];
  }
}

function plainArrays(value: unknown): unknown {
  return value instanceof Float64Array ? Array.from(value) : value;
}

/** The weightiest words first. */
function page(found: LimeTextExplanation): string[] {
  const { words, coefficients, standardErrors, score, kernel, predictions, stability } = found;
  const weight = (i: number): number => Math.max(...coefficients.map((of) => Math.abs(of[i] ?? 0)));
  const order = Array.from(words.keys()).sort((a, b) => weight(b) - weight(a) || a - b);
  const wide = Math.min(40, Math.max(...words.map(({ text }) => text.length)));
  const shares = (values: readonly number[]): string => values.map((v) => v.toFixed(2)).join(' ');
  return [
    `text   score ${score.map(signed).join(' ')}   (${kernel}, ${predictions} predictions)`,
    `  local fidelity ${fidelity(found)}`,
    ...(stability === null
      ? []
      : [`  stability VSI ${shares(stability.vsi)}  CSI ${shares(stability.csi)}`]),
    ...order.map(
      (i) =>
        `  ${(words[i]?.text ?? '').padEnd(wide)}  ${coefficients
          .map(
            (of, output) =>
              `${signed(of[i] ?? NaN)} ± ${(standardErrors[output]?.[i] ?? NaN).toFixed(6)}`,
          )
          .join('  ')}`,
    ),
  ];
}

/** The text in pieces, each a word with what follows it, and the word's coefficient. */
function tokensOf(text: string, found: LimeTextExplanation, output: number): TextData {
  const places = found.words
    .flatMap(({ at }, word) => at.map((from) => ({ from, word })))
    .sort((a, b) => a.from - b.from);
  const starts = places.map(({ from }, i) => (i === 0 ? 0 : from));
  return {
    tokens: starts.map((from, i) => text.slice(from, starts[i + 1] ?? text.length).trim()),
    attributions: places.map(({ word }) => found.coefficients[output]?.[word] ?? NaN),
  };
}

function fidelity({ localFidelity }: LimeTextExplanation): string {
  return localFidelity.map((share) => share.toFixed(3)).join(' ');
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
}
