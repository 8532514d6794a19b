import { explanationArrays } from '../batch/arrays.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { attributionFacts } from './attributions.ts';
import type { ExplainedRows, RowAttributions, RowsExplainer } from './attributions.ts';
import type { SampledExplanation } from './explanation.ts';
import type { LimeTabularExplanation } from './lime/tabular.ts';
import type { RunOptions } from './predict.ts';

/** One row explained by predictions alone. */
export type AgnosticExplanation = SampledExplanation | LimeTabularExplanation;

/** Whatever explains a row by predictions alone. */
export interface AgnosticExplainer {
  readonly features: number;
  readonly explain: (row: FeatureRow, run?: RunOptions) => Promise<AgnosticExplanation>;
}

/** The coefficients of LIME in the place of attributions, with the intercept as base value: they add up to its own line, not to the score. */
export function attributionsOf(found: AgnosticExplanation): RowAttributions {
  if (found.method !== 'lime') return found;
  return {
    ...attributionFacts({ ...found, coverSource: 'none' }),
    score: found.score,
    baseValue: found.intercept,
    attributions: found.coefficients,
  };
}

/**
 * An explainer of single rows as one of many, row by row: for `explainGlobally` and what else goes over many rows.
 *
 * @throws ExplainError what the explainer throws, with the index of the row
 */
export function batchOf(explainer: AgnosticExplainer): RowsExplainer {
  return {
    explainBatch: async (rows, { signal, onProgress } = {}) => {
      let out: ExplainedRows | null = null;
      for (const [index, row] of rows.entries()) {
        signal?.throwIfAborted();
        const run = signal === undefined ? {} : { signal };
        const found = await explainer.explain(row, run).catch((error: unknown) => {
          throw error instanceof ExplainError ? error.inRow(index) : error;
        });
        const own = attributionsOf(found);
        out ??= roomFor(rows.length, explainer.features, own);
        own.attributions.forEach((values, output) => {
          const place = index * own.score.length + output;
          out?.attributions.set(values, place * explainer.features);
          out?.scores.set([own.score[output] as number], place);
        });
        onProgress?.({ done: index + 1, total: rows.length });
      }
      if (out === null)
        throw new ExplainError('GLOBAL_ROWS', { got: '0 rows', want: 'at least one' });
      return out;
    },
  };
}

function roomFor(rows: number, features: number, first: RowAttributions): ExplainedRows {
  const { attributions, scores, outputs } = explanationArrays(
    { outputs: first.score.length, features },
    rows,
  );
  return { ...attributionFacts(first), rows, features, outputs, attributions, scores };
}
