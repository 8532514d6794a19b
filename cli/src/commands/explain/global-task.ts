import { extname } from 'node:path';
import { parseJson } from '@showcause/core';
import {
  approves,
  defaultScorer,
  explainGlobally,
  globalJson,
  modelCard,
  modelCardMarkdown,
  parseStated,
  scoreAt,
} from '@showcause/explain';
import type { Explainer, GlobalExplanation, GlobalProgress, Model } from '@showcause/explain';
import { readText } from '../../files.ts';
import type { Io } from '../../io.ts';
import { formatOf } from './format.ts';
import type { FormatOptions } from './format.ts';
import type { GlobalFlags } from './global-options.ts';
import { labelsOf, outcomesOf, readTable } from './global-rows.ts';
import type { RowTable } from './global-rows.ts';
import type { OutcomeOptions } from './outcome-options.ts';
import { globalCsv } from './print-global-csv.ts';
import { globalText } from './print-global.ts';
import { approvalOf } from './reasons.ts';
import { readRows } from './rows.ts';
import { openSink } from './sink.ts';

type Asked = GlobalFlags & FormatOptions & OutcomeOptions & { readonly rows: string };

/**
 * `showcause explain --global`, `--surrogate`, `--drift`, `--cohort` and `--model-card`.
 *
 * @throws {CliError} `FILE_UNREADABLE`; ExplainError as `explainGlobally`
 */
export async function explainWhole(
  io: Io,
  model: Model,
  explainer: Pick<Explainer, 'explainBatch'>,
  options: Asked,
): Promise<void> {
  const { modelCard: card, stated } = options;
  const facts = stated === undefined ? {} : parseStated(parseJson(readText(stated)));
  const explained = await explain(io, model, explainer, options);
  if (card !== undefined) {
    const made = modelCard(model, explained, facts);
    const isJson = extname(card).toLowerCase() === '.json';
    const text = isJson ? `${JSON.stringify(made, null, 2)}\n` : modelCardMarkdown(made);
    writeWhole(io, text.trimEnd().split('\n'), card);
  }
  if (card === undefined || options.global === true)
    writeWhole(io, linesOf(model, explained, options), options.out, formatOf(options) === 'text');
}

function writeWhole(
  io: Io,
  lines: readonly string[],
  path: string | undefined,
  isProse = false,
): void {
  const sink = openSink(io, path, isProse);
  for (const line of lines) sink.line(line);
  sink.done();
}

function linesOf(model: Model, explained: GlobalExplanation, options: Asked): readonly string[] {
  const json = globalJson(model, explained);
  switch (formatOf(options)) {
    case 'text':
      return globalText(json);
    case 'csv':
      return globalCsv(json);
    case 'json':
      return JSON.stringify(json, null, 2).split('\n');
    case 'ndjson':
      return [JSON.stringify(json)];
  }
}

const WORDS: Readonly<Record<GlobalProgress['stage'], string>> = {
  attributions: 'rows explained',
  drift: 'other rows explained',
  permutation: 'predictions for permutation importance',
  curves: 'features asked along',
};

async function explain(
  io: Io,
  model: Model,
  explainer: Pick<Explainer, 'explainBatch'>,
  options: Asked,
): Promise<GlobalExplanation> {
  const { cohort, drift, global, modelCard: card, output, seed, surrogate, target } = options;
  const columns = [target, cohort].filter((column) => column !== undefined);
  const table = readTable(model, options.rows, [...new Set(columns)]);
  const isWhole = global === true || card !== undefined;
  try {
    return await explainGlobally({
      model,
      explainer,
      rows: table.rows,
      curves: isWhole,
      signal: io.signal,
      onProgress: ({ stage, done, total }) => io.progress?.(`${done} of ${total} ${WORDS[stage]}`),
      ...(seed === undefined ? {} : { seed }),
      ...(output === undefined ? {} : { output }),
      ...(drift === undefined ? {} : { other: readRows(model, drift) }),
      ...targetOf(model, table, options),
      ...cohortsOf(model, table, options),
      ...(surrogate === undefined && card === undefined
        ? {}
        : { surrogate: surrogateOptions(model, options) }),
    });
  } finally {
    io.progress?.('');
  }
}

function targetOf(model: Model, { columns }: RowTable, { target, scorer }: Asked) {
  if (target === undefined) return {};
  const values = outcomesOf(columns[target] ?? []);
  return { target: { values, scorer: scorer ?? defaultScorer(model) } };
}

function cohortsOf(model: Model, { rows, columns }: RowTable, options: Asked) {
  const { adverse, cohort } = options;
  if (cohort === undefined) return {};
  const approval = approvalOf(adverse ?? 'higher', options);
  const approved =
    approval === null
      ? {}
      : { approved: rows.map((row) => approves(model.predict(row), approval)) };
  return { cohorts: { cohortOf: labelsOf(columns[cohort] ?? []), ...approved } };
}

/** Decisions are compared at the score that belongs to the threshold. */
function surrogateOptions(model: Model, { measure, surrogate, threshold }: Asked) {
  const depth = typeof surrogate === 'number' ? { depth: surrogate } : {};
  if (threshold === undefined || model.outputs > 1) return depth;
  return { ...depth, threshold: measure === 'score' ? threshold : scoreAt(model, threshold) };
}
