import { ExplainError } from '../../errors.ts';
import type { Graph, GraphNode } from './graph.ts';

/** One operator that scales columns: (x - subtract) · multiply + add, by column, or one number for all. */
export interface ScalingStep {
  readonly type: string;
  readonly subtract: readonly number[];
  readonly multiply: readonly number[];
  readonly add: readonly number[];
}

export interface Scaling {
  /** in the order in which a row meets them */
  readonly steps: readonly ScalingStep[];
  readonly nodes: ReadonlySet<GraphNode>;
}

/** They hand values on as they are; ONNX Runtime casts to float32, as all that scales does. */
const PASS = ['Cast', 'Identity'];

/** What scales the columns in front of the model: Scaler (StandardScaler), Mul and Add by constants (MinMaxScaler). */
export function scalingBefore(graph: Graph, model: GraphNode): Scaling {
  const steps: ScalingStep[] = [];
  const nodes = new Set<GraphNode>();
  let input = model.inputs[0];
  for (;;) {
    const node = graph.nodes.find(({ outputs }) => outputs.includes(input ?? ''));
    if (node === undefined || nodes.has(node)) return { steps: steps.reverse(), nodes };
    const step = PASS.includes(node.type) ? null : stepOf(graph, node);
    if (step === undefined) return { steps: steps.reverse(), nodes };
    if (step !== null) steps.push(step);
    nodes.add(node);
    input = node.inputs.find((name) => !graph.constants.has(name));
  }
}

/** Undefined for another operator. */
function stepOf({ constants }: Graph, node: GraphNode): ScalingStep | undefined {
  const { type, inputs, attributes } = node;
  const none = { type, subtract: [0], multiply: [1], add: [0] };
  if (type === 'Scaler') {
    const [offset, scale] = [attributes.numbers('offset'), attributes.numbers('scale')];
    return {
      ...none,
      ...(offset.length === 0 ? {} : { subtract: offset }),
      ...(scale.length === 0 ? {} : { multiply: scale }),
    };
  }
  const constant = inputs.flatMap((name) => constants.get(name)?.() ?? []);
  if (constant.length === 0) return undefined;
  if (type === 'Mul') return { ...none, multiply: constant };
  return type === 'Add' ? { ...none, add: constant } : undefined;
}

/** @throws ExplainError MODEL_MALFORMED unless each step has one number, or one for each column */
export function checkScaling({ steps }: Scaling, columns: number): void {
  for (const { type, subtract, multiply, add } of steps)
    for (const values of [subtract, multiply, add])
      if (!(values.length === 1 || values.length === columns) || !values.every(Number.isFinite))
        throw new ExplainError('MODEL_MALFORMED', {
          got: `${values.length} numbers at ${type}`,
          want: `${columns} finite ones`,
        });
}

const at = (values: readonly number[], column: number): number =>
  (values.length === 1 ? values[0] : values[column]) ?? NaN;

/** All steps of a column as factor · x + term, in float64. */
export function affine({ steps }: Scaling, column: number): { factor: number; term: number } {
  let [factor, term] = [1, 0];
  for (const { subtract, multiply, add } of steps) {
    factor *= at(multiply, column);
    term = (term - at(subtract, column)) * at(multiply, column) + at(add, column);
  }
  return { factor, term };
}

/**
 * The largest float32 whose scaled value is at most `threshold`. ONNX Runtime scales in float32, where every step keeps the
 * order of numbers, so that x at most this asks the same of every x: bit for bit.
 *
 * @throws ExplainError MODEL_UNSUPPORTED where a factor is not above 0: the order is then not kept
 */
export function thresholdBefore({ steps }: Scaling, column: number, threshold: number): number {
  if (!steps.every(({ multiply }) => at(multiply, column) > 0))
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'a column that is scaled by no positive number, in front of trees',
      want: 'factors above 0',
    });
  let [low, high] = [-INFINITY_BITS, INFINITY_BITS];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (scaled(steps, column, numberAt(middle)) <= threshold) low = middle;
    else high = middle - 1;
  }
  return numberAt(low);
}

function scaled(steps: readonly ScalingStep[], column: number, x: number): number {
  const { fround } = Math;
  return steps.reduce(
    (y, { subtract, multiply, add }) =>
      fround(
        fround(fround(y - fround(at(subtract, column))) * fround(at(multiply, column))) +
          fround(at(add, column)),
      ),
    x,
  );
}

/** Place of infinity among the float32 numbers from 0 up. */
const INFINITY_BITS = 0x7f800000;
const view = new DataView(new ArrayBuffer(4));

/** The float32 at a place in their order: 0 is 0, 1 the smallest above it, -1 the largest below. */
function numberAt(place: number): number {
  view.setInt32(0, Math.abs(place));
  return place < 0 ? -view.getFloat32(0) : view.getFloat32(0);
}
