import { ExplainError } from '../../errors.ts';
import { createLinearModel } from '../../model/linear-model.ts';
import type { LinearModel } from '../../model/linear-model.ts';
import { malformed } from '../document.ts';
import type { GraphNode } from './graph.ts';
import { objectiveFor, postTransformOf } from './post-transform.ts';

export interface LinearContext {
  readonly hash: string;
  readonly formatVersion: string;
  readonly columns: number | null;
  readonly maxOutputs: number;
  /** a Scaler in front of the model: (x - offset) * scale */
  readonly scaler: GraphNode | null;
}

/** LinearClassifier and LinearRegressor of ai.onnx.ml, with a Scaler folded in; computed in float64 here. */
export function readOnnxLinear(node: GraphNode, context: LinearContext): LinearModel {
  const isClassifier = node.type === 'LinearClassifier';
  const intercepts = node.attributes.numbers('intercepts');
  const flat = node.attributes.numbers('coefficients');
  const targets = isClassifier
    ? Math.max(intercepts.length, 1)
    : node.attributes.integer('targets', 1);
  const features = flat.length / targets;
  if (!Number.isInteger(features) || features < 1 || features !== (context.columns ?? features))
    throw malformed(
      `${node.type}.coefficients`,
      `${flat.length} numbers`,
      'outputs times features',
    );
  if (targets > context.maxOutputs)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${targets} outputs`,
      want: `at most ${context.maxOutputs}`,
    });
  const rows = Array.from({ length: targets }, (_, k) =>
    fold(flat.slice(k * features, (k + 1) * features), intercepts[k] ?? 0, context.scaler),
  );
  // Two classes whose numbers differ in sign alone are one output: the second class.
  const [one, two] = rows;
  const isMirrored =
    isClassifier &&
    rows.length === 2 &&
    one !== undefined &&
    two !== undefined &&
    one.every((value, i) => value === -(two[i] ?? NaN));
  const kept = isMirrored ? [two ?? []] : rows;
  if (!kept.flat().every(Number.isFinite))
    throw new ExplainError('MODEL_VALUE', { got: `an unusable coefficient at ${node.type}` });
  const post = postTransformOf(node.attributes.text('post_transform', 'NONE'));
  return createLinearModel({
    format: 'onnx',
    hash: context.hash,
    formatVersion: context.formatVersion,
    objective: objectiveFor(post, isClassifier, 'float64'),
    outputs: kept.length,
    coefficients: kept.map((row) => Float64Array.from(row.slice(0, -1))),
    intercept: Float64Array.from(kept, (row) => row.at(-1) ?? NaN),
    featureNames: Array.from({ length: features }, (_, feature) => `x${feature}`),
    featureTypes: Array.from({ length: features }, () => 'float'),
    categories: Array.from({ length: features }, () => null),
  });
}

/** Coefficients with the intercept behind them. */
function fold(
  coefficients: readonly number[],
  intercept: number,
  scaler: GraphNode | null,
): number[] {
  if (scaler === null) return [...coefficients, intercept];
  const offset = scaler.attributes.numbers('offset');
  const scale = scaler.attributes.numbers('scale');
  const of = (values: readonly number[], i: number, absent: number): number =>
    values.length === 0 ? absent : ((values.length === 1 ? values[0] : values[i]) ?? NaN);
  const folded = coefficients.map((weight, i) => weight * of(scale, i, 1));
  return [...folded, folded.reduce((sum, weight, i) => sum - weight * of(offset, i, 0), intercept)];
}
