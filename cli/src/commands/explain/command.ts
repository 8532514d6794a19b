import { ExplainError, loadModel } from '@showcause/explain';
import type { Background, Model } from '@showcause/explain';
import { Command, Option } from 'commander';
import { readInput } from '../../files.ts';
import { readers } from '../../io.ts';
import type { Io } from '../../io.ts';
import { readBackground } from './background.ts';
import { explainImages } from './agnostic/image-rows.ts';
import { addSampledOptions, isSampledMethod, SAMPLED_METHODS } from './agnostic/sampled-options.ts';
import type { SampledOptions } from './agnostic/sampled-options.ts';
import { explainSampled } from './agnostic/sampled-rows.ts';
import { refusedSampledOptions } from './agnostic/refused-options.ts';
import { explainText } from './agnostic/text-lines.ts';
import { withCounterfactualOptions } from './counterfactuals.ts';
import type { CounterfactualFlags } from './counterfactuals.ts';
import { explainedRows, openExplainer } from './explained-rows.ts';
import type { ExplainedRow } from './explained-rows.ts';
import { addFormatOptions, openOutput, refusedFormatOptions } from './format.ts';
import type { FormatOptions } from './format.ts';
import { addGlobalOptions, asksGlobal, refusedGlobalOptions } from './global-options.ts';
import type { GlobalFlags } from './global-options.ts';
import { explainWhole } from './global-task.ts';
import { addOutcomeOptions, loneOption, refusedOutcomeOptions } from './outcome-options.ts';
import { addPlotOptions, refusedPlotOptions } from './plot-options.ts';
import type { PlotFlags } from './plot-options.ts';
import { plotRows } from './plot-rows.ts';
import { printRows } from './print-rows.ts';
import { addReasonOptions, refusedReasonOptions } from './reason-options.ts';
import type { ReasonOptions } from './reason-options.ts';
import { openPrinter } from './row-lines.ts';
import { streamRows } from './stream-rows.ts';

const PERTURBATIONS = {
  'path-dependent': 'tree-path-dependent',
  interventional: 'interventional',
  'correlation-dependent': 'correlation-dependent',
  linear: 'interventional',
} as const;
const EXACT_METHODS = Object.keys(PERTURBATIONS) as readonly (keyof typeof PERTURBATIONS)[];
const METHODS = [...EXACT_METHODS, ...SAMPLED_METHODS, 'occlusion'] as const;

interface Options
  extends
    FormatOptions,
    ReasonOptions,
    CounterfactualFlags,
    PlotFlags,
    GlobalFlags,
    SampledOptions {
  readonly model?: string;
  readonly rows?: string;
  readonly background?: string;
  readonly method?: (typeof METHODS)[number];
}

/** `showcause explain`: exact attributions of each row under a saved model. */
export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .helpGroup(readers.engineer)
    .summary('exact SHAP attributions of rows under a saved model')
    .description(
      'Explains each row under a model of XGBoost, LightGBM, CatBoost, ONNX or spec/model.md: base value plus attributions is the score, ' +
        'checked on every row, but for lime, which fits a line nearby. Unit: the margin, log-odds for logistic models.',
    )
    .option('--model <file>', 'model file')
    .option('--rows <file>', 'CSV with a header, JSON or NDJSON; null is missing')
    .option('--background <file>', 'reference rows: then interventional')
    .addOption(
      new Option(
        '--method <method>',
        'interventional with --background, else path-dependent',
      ).choices(METHODS),
    )
    .option('--interactions', 'SHAP interaction values of pairs (trees)');
  addPlotOptions(addFormatOptions(addSampledOptions(command)));
  withCounterfactualOptions(addReasonOptions(addOutcomeOptions(command)));
  return addGlobalOptions(command)
    .addHelpText(
      'after',
      `
Rows are objects by feature name, or arrays in the order of the model.
Integrated gradients need a gradient function: from TypeScript alone.

Examples:
  showcause explain --model credit.ubj --rows applicants.csv
  showcause explain --predict http://127.0.0.1:8080/v2/models/credit/infer \\
    --rows applicants.csv --background sample.csv --method kernel
  showcause explain --model credit.ubj --rows rows.ndjson \\
    --background background.json --method interventional --json
  showcause explain --model credit.ubj --rows denied.csv \\
    --background approved.json --reasons reasons.json --threshold 0.3
  showcause explain --model credit.ubj --rows denied.csv \\
    --counterfactual --mutable mutable.json --threshold 0.3
  showcause explain --model credit.ubj --rows applicants.csv \\
    --plot beeswarm --out applicants.svg
  showcause explain --model credit.ubj --rows outcomes.csv \\
    --global --target went_bad --model-card card.md`,
    )
    .action((options: Options, self: Command) => explainRows(io, options, self));
}

async function explainRows(io: Io, given: Options, command: Command): Promise<void> {
  // A model that can only be asked is sampled.
  const isAsked = given.predict !== undefined && given.text === undefined;
  const options = isAsked ? { ...given, method: given.method ?? ('kernel' as const) } : given;
  const misfit = refusedSampledOptions(options);
  if (misfit !== null) command.error(`error: ${misfit}`);
  const { rows = '', text, predict, method } = options;
  if (method === 'occlusion' || text !== undefined || isSampledMethod(method)) {
    const stray = refusedCommonOptions(options);
    if (stray !== null) command.error(`error: ${stray}`);
  }
  if (text !== undefined && predict !== undefined)
    return explainText(io, { ...options, text, predict });
  if (method === 'occlusion') return explainImages(io, { ...options, rows }, command);
  if (isSampledMethod(method)) return explainSampled(io, method, { ...options, rows }, command);
  return explainExactly(io, method, { ...options, rows }, command);
}

/** Why options that every method has do not go together, or null. */
function refusedCommonOptions(options: Options): string | null {
  return (
    refusedReasonOptions(options) ??
    refusedOutcomeOptions(options) ??
    refusedFormatOptions(options) ??
    refusedPlotOptions({ ...options }) ??
    refusedGlobalOptions(options)
  );
}

async function explainExactly(
  io: Io,
  wanted: keyof typeof PERTURBATIONS | undefined,
  options: Options & { readonly rows: string },
  command: Command,
): Promise<void> {
  const method = wanted ?? (options.background === undefined ? 'path-dependent' : 'interventional');
  if (method !== 'path-dependent' && options.background === undefined)
    command.error(`error: --method ${method} needs --background FILE`);
  if (method === 'path-dependent' && options.background !== undefined)
    io.err(
      'note: path-dependent attributions use the covers of the trees; --background is not used',
    );
  const alone = loneOption({
    '--threshold': options.threshold,
    '--adverse': options.adverse,
    '--measure': options.measure,
    '--output': options.plot === undefined ? options.output : undefined,
  });
  const hasOutcome =
    options.reasons !== undefined ||
    options.counterfactual === true ||
    options.plot === 'counterfactual';
  if (alone !== null && !hasOutcome && !asksGlobal(options))
    command.error(`error: ${alone} needs --reasons FILE, --counterfactual or --global`);
  const refused = refusedCommonOptions(options);
  if (refused !== null) command.error(`error: ${refused}`);
  const bytes = readInput(options.model ?? '');
  const model = loadModel(bytes);
  if (method === 'linear') requireLinear(model);
  const background = readBackground(model, options.background);
  const given = { perturbation: PERTURBATIONS[method], background };
  const show = openShow(io, model, background, { ...options, method }, command);
  const explainer = await openExplainer(model, bytes, given, options.workers);
  try {
    if (asksGlobal(options))
      return await explainWhole(io, { subject: model, shape: model, explainer }, options);
    await show(explainedRows(model, explainer, streamRows(model, options.rows), io.signal));
  } finally {
    await explainer.close?.();
  }
}

/** What becomes of explained rows: a picture, or lines of each. */
function openShow(
  io: Io,
  model: Model,
  background: Background,
  options: Options,
  command: Command,
): (rows: AsyncIterable<ExplainedRow>) => Promise<void> {
  const { plot } = options;
  if (plot !== undefined && plot !== 'text')
    return (rows) => plotRows(io, rows, { model, background }, { ...options, plot }, command);
  const printer = openPrinter(model, background, options, command);
  return async (rows) => {
    const output = openOutput(io, options, model);
    for (const line of printer.title) output.line(line);
    await printRows(io, rows, printer.linesOf, output);
  };
}

function requireLinear({ kind }: Model): void {
  if (kind !== 'linear')
    throw new ExplainError('EXPLAIN_METHOD', { got: 'linear for trees', want: 'a linear model' });
}
