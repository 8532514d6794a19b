import { ExplainError } from '../../errors.ts';
import { FLOAT } from './graph.ts';
import type { Constant, Graph, GraphNode } from './graph.ts';

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
  /** what the model, or the first step, is given: trees compare and add in it */
  readonly type: Graph['type'];
}

/**
 * What scales the columns in front of the model: Scaler (StandardScaler), Mul and Add by constants (MinMaxScaler). Behind a
 * Cast to float32 everything is float32.
 *
 * @throws ExplainError MODEL_UNSUPPORTED for any other operator, a Cast to another type among them
 */
export function scalingBefore(graph: Graph, model: GraphNode): Scaling {
  const steps: ScalingStep[] = [];
  const nodes = new Set<GraphNode>();
  let { type } = graph;
  let input = model.inputs[0];
  for (;;) {
    const node = graph.nodes.find(({ outputs }) => outputs.includes(input ?? ''));
    if (node === undefined) return { steps: steps.reverse(), nodes, type };
    if (nodes.has(node)) throw strayOperator(node);
    if (node.type === 'Cast') type = castType(node);
    else if (node.type !== 'Identity') {
      steps.push(stepOf(graph, node));
      // Whatever is cast behind it, the step itself is computed in the type in front of it.
      ({ type } = graph);
    }
    nodes.add(node);
    input = node.inputs.find((name) => !graph.constants.has(name));
  }
}

/** @throws ExplainError MODEL_UNSUPPORTED */
function castType(node: GraphNode): 'float32' {
  if (node.attributes.integer('to', 0) === FLOAT) return 'float32';
  throw new ExplainError('MODEL_UNSUPPORTED', {
    got: 'a Cast to another type than float in front of the model',
    want: 'columns as they are, or a Cast to float',
  });
}

export function strayOperator({ type }: GraphNode): ExplainError {
  return new ExplainError('MODEL_UNSUPPORTED', {
    got: `the operator ${JSON.stringify(type.slice(0, 40))}`,
    want: 'a model alone, or behind Scaler, Mul and Add: take other steps out of the graph',
  });
}

/** @throws ExplainError MODEL_UNSUPPORTED for another operator */
function stepOf({ constants }: Graph, node: GraphNode): ScalingStep {
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
  const [constant, more] = inputs.flatMap((name) => constants.get(name) ?? []);
  if (constant === undefined || more !== undefined) throw strayOperator(node);
  if (type === 'Mul') return { ...none, multiply: byColumn(node, constant) };
  if (type === 'Add') return { ...none, add: byColumn(node, constant) };
  throw strayOperator(node);
}

/** @throws ExplainError MODEL_UNSUPPORTED for a shape that is spread over anything but columns */
function byColumn({ type }: GraphNode, { shape, numbers }: Constant): readonly number[] {
  const values = numbers();
  const [columns = 1, rows = 1, ...rest] = [...shape].reverse();
  if (rows === 1 && rest.length === 0 && values.length === columns) return values;
  throw new ExplainError('MODEL_UNSUPPORTED', {
    got: `${values.length} numbers of the shape [${shape.slice(0, 8).join(', ')}] at ${type}`,
    want: 'one number, or one for each column: [n] or [1, n]',
  });
}

/** Columns that the steps speak of: 1 where each has one number for all. */
export function scaledColumns({ steps }: Scaling): number {
  return Math.max(
    1,
    ...steps.flatMap(({ subtract, multiply, add }) => [
      subtract.length,
      multiply.length,
      add.length,
    ]),
  );
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
