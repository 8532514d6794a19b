/** How well a surrogate says what the model says. */
export interface Fidelity {
  readonly rows: number;
  /** 1 − Σ (score − surrogate)² / Σ (score − mean)², mean over the outputs as scikit-learn; null where scores do not vary */
  readonly r2: number | null;
  /** share of rows that get the same class or side of the threshold; null where nothing is decided */
  readonly accuracy: number | null;
}

/** What of scores decides: the largest of several, or one beyond `threshold`; null: nothing does. */
export type Decision = { readonly threshold: number } | 'largest' | null;

/** @param scores  row-major [rows × outputs], as `fitted`, what the surrogate says */
export function fidelityOf(
  scores: Float64Array,
  fitted: Float64Array,
  outputs: number,
  decision: Decision,
): Fidelity {
  const rows = scores.length / outputs;
  return {
    rows,
    r2: explainedShare(scores, fitted, outputs),
    accuracy: decision === null ? null : agreement(scores, fitted, outputs, decision),
  };
}

function explainedShare(
  scores: Float64Array,
  fitted: Float64Array,
  outputs: number,
): number | null {
  let total = 0;
  for (let output = 0; output < outputs; output++) {
    const column = scores.filter((_, place) => place % outputs === output);
    const mean = column.reduce((sum, score) => sum + score, 0) / column.length;
    let [left, spread] = [0, 0];
    column.forEach((score, row) => {
      left += (score - (fitted[row * outputs + output] as number)) ** 2;
      spread += (score - mean) ** 2;
    });
    if (column.every((score) => score === column[0])) return null;
    total += 1 - left / spread;
  }
  return total / outputs;
}

function agreement(
  scores: Float64Array,
  fitted: Float64Array,
  outputs: number,
  decision: Exclude<Decision, null>,
): number {
  const rows = scores.length / outputs;
  let same = 0;
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * outputs, (row + 1) * outputs];
    const [one, two] = [scores.subarray(from, to), fitted.subarray(from, to)];
    if (decided(one, decision) === decided(two, decision)) same++;
  }
  return same / rows;
}

function decided(scores: Float64Array, decision: Exclude<Decision, null>): number {
  if (decision !== 'largest') return Number((scores[0] as number) >= decision.threshold);
  return scores.reduce((best, score, i) => (score > (scores[best] as number) ? i : best), 0);
}
