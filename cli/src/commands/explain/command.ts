import { explainerOf, loadModel, treeInteractions } from '@showcause/explain';
import type { InteractionExplainer, Model } from '@showcause/explain';
import { Command, Option } from 'commander';
import { readInput } from '../../files.ts';
import { readers } from '../../io.ts';
import type { Io } from '../../io.ts';
import {
  counterfactualLines,
  counterfactualsOf,
  withCounterfactualOptions,
} from './counterfactuals.ts';
import type { CounterfactualFlags } from './counterfactuals.ts';
import { inRow } from './in-row.ts';
import { interactionTable, interactionsByName } from './interactions.ts';
import { addOutcomeOptions, loneOption } from './outcome-options.ts';
import { jsonLine } from './print-json.ts';
import { reasonMembers, reasonsPage, reasonsTitle } from './print-reasons.ts';
import { table } from './print-text.ts';
import { addReasonOptions, refusedReasonOptions } from './reason-options.ts';
import type { ReasonOptions } from './reason-options.ts';
import { reasonTask, reasonsOf } from './reasons.ts';
import { readRows } from './rows.ts';

const PERTURBATIONS = {
  'path-dependent': 'tree-path-dependent',
  interventional: 'interventional',
  'correlation-dependent': 'correlation-dependent',
} as const;
const METHODS = Object.keys(PERTURBATIONS) as readonly (keyof typeof PERTURBATIONS)[];

interface Options extends ReasonOptions, CounterfactualFlags {
  readonly model: string;
  readonly rows: string;
  readonly background?: string;
  readonly method?: (typeof METHODS)[number];
  readonly interactions?: true;
  readonly json?: true;
}

/** `showcause explain`: exact attributions of each row under a saved model. */
export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .helpGroup(readers.engineer)
    .summary('exact SHAP attributions of rows under a saved model')
    .description(
      'Explains each row under a model of XGBoost, LightGBM, CatBoost, ONNX or spec/model.md: base value plus attributions is the score, ' +
        'checked on every row. Unit: the margin, log-odds for logistic models.',
    )
    .requiredOption('--model <file>', 'model file')
    .requiredOption('--rows <file>', 'CSV with a header, JSON or NDJSON; null or empty is missing')
    .option('--background <file>', 'reference rows, in the same formats')
    .addOption(
      new Option('--method <method>', 'which expectation attributions divide')
        .choices(METHODS)
        .default(undefined, 'interventional with --background, else path-dependent'),
    )
    .option('--interactions', 'SHAP interaction values of each pair of features (trees)')
    .option('--json', 'one JSON object a row');
  return withCounterfactualOptions(addReasonOptions(addOutcomeOptions(command)))
    .addHelpText(
      'after',
      `
Rows are objects by feature name, or arrays in the order of the model.

Examples:
  showcause explain --model credit.ubj --rows applicants.csv
  showcause explain --model credit.ubj --rows rows.ndjson \\
    --background background.json --method interventional --json
  showcause explain --model credit.ubj --rows denied.csv \\
    --background approved.json --reasons reasons.json --threshold 0.3
  showcause explain --model credit.ubj --rows denied.csv \\
    --counterfactual --mutable mutable.json --threshold 0.3`,
    )
    .action((options: Options, self: Command) => explainRows(io, options, self));
}

function explainRows(io: Io, options: Options, command: Command): void {
  const method =
    options.method ?? (options.background === undefined ? 'path-dependent' : 'interventional');
  if (method !== 'path-dependent' && options.background === undefined)
    command.error(`error: --method ${method} needs --background FILE`);
  if (method === 'path-dependent' && options.background !== undefined)
    io.err(
      'note: path-dependent attributions use the covers of the trees; --background is not used',
    );
  const alone = loneOption({ '--threshold': options.threshold, '--adverse': options.adverse });
  if (alone !== null && options.reasons === undefined && options.counterfactual !== true)
    command.error(`error: ${alone} needs --reasons FILE or --counterfactual`);
  const refused = refusedReasonOptions(options);
  if (refused !== null) command.error(`error: ${refused}`);
  const model = loadModel(readInput(options.model));
  const rows = readRows(model, options.rows);
  const background = options.background === undefined ? [] : readRows(model, options.background);
  const explainer = explainerOf(model, { perturbation: PERTURBATIONS[method], background });
  const pairs = options.interactions ? pairExplainer(model, method, background) : null;
  const task =
    options.reasons === undefined ? null : reasonTask(options.reasons, options, model, background);
  if (task !== null && !options.json) reasonsTitle(task).forEach((line) => io.out(line));
  const search = counterfactualsOf(model, options, command);
  rows.forEach((row, index) => {
    if (io.signal.aborted) return;
    const explanation = inRow(index, () => explainer.explain(row));
    const interactions = pairs === null ? null : inRow(index, () => pairs.explain(row));
    const reasons = task === null ? null : inRow(index, () => reasonsOf(task, row, explanation));
    const found = search === null ? null : inRow(index, () => search.search(row));
    const lines = options.json
      ? [
          jsonLine(model, explanation, {
            ...(interactions === null
              ? {}
              : { interactions: interactionsByName(model, interactions) }),
            ...(task === null || reasons === null ? {} : reasonMembers(task, reasons)),
            ...(found === null ? {} : { counterfactuals: found }),
          }),
        ]
      : [
          ...(task === null || reasons === null
            ? table(model, row, explanation, index)
            : reasonsPage(task, reasons, explanation, index)),
          ...(interactions === null ? [] : interactionTable(model, interactions)),
          ...(found === null ? [] : counterfactualLines(model, found)),
        ];
    for (const line of lines) io.out(line);
  });
}

/** @throws ExplainError EXPLAIN_METHOD for a model without trees */
function pairExplainer(
  model: Model,
  method: (typeof METHODS)[number],
  background: readonly Float64Array[],
): InteractionExplainer {
  return treeInteractions(
    model,
    method === 'interventional'
      ? { perturbation: method, background }
      : { perturbation: 'tree-path-dependent' },
  );
}
