import { extname } from 'node:path';
import { parseJson } from '@showcause/core';
import {
  approves,
  defaultScorer,
  ExplainError,
  explainGlobally,
  globalJson,
  modelCard,
  modelCardMarkdown,
  parseStated,
  scoreAt,
  SCORERS,
} from '@showcause/explain';
import type {
  Approval,
  GlobalExplanation,
  GlobalProgress,
  PredictOptions,
  RowShape,
  RowsExplainer,
  Subject,
} from '@showcause/explain';
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

/** What is explained as a whole. */
export interface Whole {
  readonly subject: Subject;
  readonly shape: RowShape;
  readonly explainer: RowsExplainer;
  /** how the model is asked, where that may be said */
  readonly asking?: PredictOptions;
}

/**
 * `showcause explain --global`, `--surrogate`, `--drift`, `--cohort` and `--model-card`.
 *
 * @throws {CliError} `FILE_UNREADABLE`; ExplainError as `explainGlobally`
 */
export async function explainWhole(io: Io, whole: Whole, options: Asked): Promise<void> {
  const { modelCard: card, stated } = options;
  const facts = stated === undefined ? {} : parseStated(parseJson(readText(stated)));
  const explained = await explain(io, whole, options);
  if (card !== undefined) {
    const made = modelCard(whole.subject, explained, facts);
    const isJson = extname(card).toLowerCase() === '.json';
    const text = isJson ? `${JSON.stringify(made, null, 2)}\n` : modelCardMarkdown(made);
    writeWhole(io, text.trimEnd().split('\n'), card);
  }
  if (card === undefined || options.global === true)
    writeWhole(
      io,
      linesOf(whole.subject, explained, options),
      options.out,
      formatOf(options) === 'text',
    );
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

function linesOf(model: Subject, explained: GlobalExplanation, options: Asked): readonly string[] {
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
  { subject, shape, explainer, asking }: Whole,
  options: Asked,
): Promise<GlobalExplanation> {
  const { cohort, drift, global, modelCard: card, output, seed, surrogate, target } = options;
  const columns = [target, cohort].filter((column) => column !== undefined);
  const table = readTable(shape, options.rows, [...new Set(columns)]);
  const isWhole = global === true || card !== undefined;
  try {
    return await explainGlobally({
      model: subject,
      explainer,
      rows: table.rows,
      curves: isWhole,
      signal: io.signal,
      onProgress: ({ stage, done, total }) => io.progress?.(`${done} of ${total} ${WORDS[stage]}`),
      ...(asking === undefined ? {} : { asking }),
      ...(seed === undefined ? {} : { seed }),
      ...(output === undefined ? {} : { output }),
      ...(drift === undefined ? {} : { other: readRows(shape, drift) }),
      ...targetOf(subject, table, options),
      ...cohortsOf(subject, table, options),
      ...(surrogate === undefined && card === undefined
        ? {}
        : { surrogate: surrogateOptions(subject, options) }),
    });
  } finally {
    io.progress?.('');
  }
}

function targetOf(subject: Subject, { columns }: RowTable, { target, scorer }: Asked) {
  if (target === undefined) return {};
  const values = outcomesOf(columns[target] ?? []);
  return { target: { values, scorer: scorer ?? scorerOf(subject) } };
}

/** What answers of a remote model are, only its people know. @throws ExplainError EXPLAIN_OPTION */
function scorerOf(subject: Subject) {
  if (subject.kind !== 'predicted') return defaultScorer(subject);
  throw new ExplainError('EXPLAIN_OPTION', {
    got: '--target without --scorer for a model behind HTTP',
    want: `--scorer ${SCORERS.join(', ')}`,
  });
}

function cohortsOf(subject: Subject, { rows, columns }: RowTable, options: Asked) {
  const { adverse, cohort } = options;
  if (cohort === undefined) return {};
  const approval = approvalOf(adverse ?? 'higher', options);
  const approved = approval === null ? {} : { approved: approvedOf(subject, rows, approval) };
  return { cohorts: { cohortOf: labelsOf(columns[cohort] ?? []), ...approved } };
}

/** By what the model itself predicts, or by the answers where nothing else is known of it. */
function approvedOf(subject: Subject, rows: RowTable['rows'], approval: Approval) {
  if (subject.kind !== 'predicted')
    return rows.map((row) => approves(subject.predict(row), approval));
  return (scores: ArrayLike<number>): boolean => {
    const score = Array.from(scores);
    return approves({ score, probability: null }, approval);
  };
}

/** Decisions are compared at the score that belongs to the threshold. */
function surrogateOptions(subject: Subject, { measure, surrogate, threshold }: Asked) {
  const depth = typeof surrogate === 'number' ? { depth: surrogate } : {};
  if (threshold === undefined || subject.outputs > 1) return depth;
  const isScore = measure === 'score' || subject.kind === 'predicted';
  return { ...depth, threshold: isScore ? threshold : scoreAt(subject, threshold) };
}
