import { ExplainError, occlusion } from '@showcause/explain';
import type { Heatmap } from '@showcause/explain';
import { imagePlot } from '@showcause/explain/plots';
import type { Plot } from '@showcause/explain/plots';
import type { Command } from 'commander';
import type { Io } from '../../../io.ts';
import { formatOf, openLines } from '../format.ts';
import type { FormatOptions } from '../format.ts';
import { inRow } from '../in-row.ts';
import type { PlotFlags } from '../plot-options.ts';
import { written } from '../plot-rows.ts';
import { csvLine } from '../print-csv.ts';
import { writeWhole } from '../sink.ts';
import { streamRows } from '../stream-rows.ts';
import { askingOf, openModel } from './open-model.ts';
import type { SampledOptions } from './sampled-options.ts';

export interface ImageTask extends SampledOptions, FormatOptions, PlotFlags {
  readonly model?: string;
  readonly rows: string;
  readonly output?: number;
}

/** `showcause explain --method occlusion --shape HxW`: each row is an image; where its prediction comes from. */
export async function explainImages(io: Io, options: ImageTask, command: Command): Promise<void> {
  const { shape: size, plot, out, row: chosen = 1, output = 0 } = options;
  if (size === undefined) return command.error('error: --method occlusion needs --shape HxW');
  const { source, shape } = openModel(io, options);
  const heatOf = (data: Float64Array): Promise<Heatmap> =>
    occlusion(
      source,
      { ...size, data },
      {
        ...askingOf(options),
        signal: io.signal,
        patch: options.patch ?? 1,
        ...(options.stride === undefined ? {} : { stride: options.stride }),
      },
    );
  const sink = plot === undefined ? openLines(io, options, titleOf(options)) : null;
  let [index, drawn]: [number, Plot | null] = [0, null];
  const work = async (): Promise<void> => {
    for await (const data of streamRows(shape, options.rows)) {
      io.signal.throwIfAborted();
      const place = index++;
      if (plot !== undefined && place !== chosen - 1) continue;
      const found = await heatOf(data).catch((error: unknown) =>
        inRow(place, () => {
          throw error;
        }),
      );
      if (plot !== undefined) drawn = pictureOf(found, data, output, options);
      else for (const line of linesOf(found, place, options)) sink?.line(line);
      io.progress?.(`${index} image${index === 1 ? '' : 's'} explained`);
    }
  };
  if (sink !== null) return writeWhole(io, sink, work);
  await work();
  io.progress?.('');
  if (drawn === null)
    throw new ExplainError('EXPLAIN_ROWS', { got: `no row ${chosen}`, want: `1 to ${index}` });
  written(io, drawn, out);
}

function titleOf(options: FormatOptions): string[] {
  return formatOf(options) === 'csv' ? [csvLine(['row', 'output', 'y', 'x', 'fall'])] : [];
}

function linesOf(found: Heatmap, index: number, options: FormatOptions): string[] {
  const { heat, width, height, score, kernel, predictions } = found;
  switch (formatOf(options)) {
    case 'csv':
      return heat.flatMap((own, output) =>
        Array.from(own, (fall, pixel) =>
          csvLine([index + 1, output, Math.floor(pixel / width), pixel % width, fall]),
        ),
      );
    case 'text':
      return [
        `row ${index + 1}   score ${score.map(signed).join(' ')}   (${kernel}, ${predictions} predictions)`,
        ...heat.flatMap((own, output) => [
          `  fall of output ${output} where a pixel is hidden, ${height} × ${width}`,
          ...Array.from(
            { length: height },
            (_, y) =>
              `  ${Array.from(own.subarray(y * width, (y + 1) * width), (v) => signed(v, 3)).join(' ')}`,
          ),
        ]),
        '',
      ];
    case 'json':
    case 'ndjson':
      return [JSON.stringify({ ...found, heat: heat.map((own) => Array.from(own)) })];
  }
}

/** With the image itself beside it where its numbers vary: its channels' mean, from the darkest to the brightest. */
function pictureOf(
  { heat, height, width, kernel }: Heatmap,
  data: Float64Array,
  output: number,
  { shape, patch = 1, width: pixels }: ImageTask,
): Plot {
  const attributions = heat[output];
  if (attributions === undefined)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: `output ${output}`,
      want: `0 to ${heat.length - 1}`,
    });
  const channels = shape?.channels ?? 1;
  const means = Float64Array.from(
    attributions,
    (_, pixel) =>
      data.subarray(pixel * channels, (pixel + 1) * channels).reduce((sum, v) => sum + v, 0) /
      channels,
  );
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const picture = high > low ? means.map((mean) => (mean - low) / (high - low)) : undefined;
  return imagePlot(
    { columns: width, rows: height, attributions, picture },
    {
      unit: 'fall of the prediction',
      notes: [`occlusion by squares of ${patch}; ${kernel}`],
      ...(pixels === undefined ? {} : { width: pixels }),
    },
  );
}

function signed(value: number, decimals = 6): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(decimals)}`;
}
