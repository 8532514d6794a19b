import { treeInteractions } from '@showcause/explain';
import type { Background, InteractionExplainer, Model } from '@showcause/explain';
import type { Command } from 'commander';
import { counterfactualLines, counterfactualsOf, counterfactualWords } from './counterfactuals.ts';
import type { CounterfactualFlags } from './counterfactuals.ts';
import type { ExplainedRow } from './explained-rows.ts';
import { formatOf } from './format.ts';
import type { FormatOptions } from './format.ts';
import { inRow } from './in-row.ts';
import { interactionTable, interactionsByName } from './interactions.ts';
import { csvRow } from './print-csv.ts';
import { jsonLine } from './print-json.ts';
import { reasonMembers, reasonsPage, reasonsTitle } from './print-reasons.ts';
import { table } from './print-text.ts';
import type { ReasonOptions } from './reason-options.ts';
import { reasonTask, reasonsOf } from './reasons.ts';

/** What is printed: lines before all rows, then those of each. */
export interface RowPrinter {
  readonly title: readonly string[];
  readonly linesOf: (row: ExplainedRow) => readonly string[];
}

type Asked = FormatOptions & ReasonOptions & CounterfactualFlags & { readonly method?: string };

/**
 * Everything that is asked beside attributions, each row by row: interactions, reasons, counterfactuals.
 * @throws {CliError} `FILE_UNREADABLE`; ExplainError REASON_*, COUNTERFACTUAL_*, EXPLAIN_METHOD
 */
export function openPrinter(
  model: Model,
  background: Background,
  options: Asked,
  command: Command,
): RowPrinter {
  const { reasons: registry } = options;
  const format = formatOf(options);
  const pairs = options.interactions ? pairExplainer(model, options.method, background) : null;
  const task =
    registry === undefined ? null : reasonTask(registry, options, model, background.rows);
  const search = counterfactualsOf(model, options, command);
  const words = counterfactualWords(
    model,
    task?.language ?? options.language,
    task?.registry ?? null,
  );
  const linesOf = ({ index, row, explanation }: ExplainedRow): readonly string[] => {
    if (format === 'csv') return [csvRow(model, explanation, index)];
    const interactions = pairs === null ? null : inRow(index, () => pairs.explain(row));
    const given =
      task === null
        ? null
        : { task, reasons: inRow(index, () => reasonsOf(task, row, explanation)) };
    const found = search === null ? null : inRow(index, () => search.search(row));
    if (format === 'text')
      return [
        ...(given === null
          ? table(model, row, explanation, index)
          : reasonsPage(given.task, given.reasons, explanation, index)),
        ...(interactions === null ? [] : interactionTable(model, interactions)),
        ...(found === null ? [] : counterfactualLines(found, words)),
      ];
    return [
      jsonLine(model, explanation, {
        ...(interactions === null ? {} : { interactions: interactionsByName(model, interactions) }),
        ...(given === null ? {} : reasonMembers(given.task, given.reasons)),
        ...(found === null ? {} : { counterfactuals: found }),
      }),
    ];
  };
  return { title: task === null || format !== 'text' ? [] : reasonsTitle(task), linesOf };
}

/** @throws ExplainError EXPLAIN_METHOD for a model without trees */
function pairExplainer(
  model: Model,
  method: string | undefined,
  background: Background,
): InteractionExplainer {
  return treeInteractions(
    model,
    method === 'interventional'
      ? { perturbation: method, background }
      : { perturbation: 'tree-path-dependent' },
  );
}
