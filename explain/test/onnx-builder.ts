/** ONNX files by hand (onnx/onnx.proto): what the pipelines of no library hold. */

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const integer = (field: number, value: number): Uint8Array =>
  joined([varint(field * 8), varint(value)]);

function message(field: number, content: string | readonly Uint8Array[]): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : joined(content);
  return joined([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

const floats = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);

export const ELEMENT = { float: 1, int64: 7, double: 11 } as const;
export type Element = keyof typeof ELEMENT;

/** A number is an integer attribute; lists are by what they hold, `{ floats }` and `{ integers }`. */
export type AttributeValue =
  | number
  | string
  | readonly string[]
  | { readonly floats: readonly number[] }
  | { readonly integers: readonly number[] };

function attribute([name, value]: [string, AttributeValue]): Uint8Array {
  const said = (...fields: Uint8Array[]): Uint8Array => message(5, [message(1, name), ...fields]);
  if (typeof value === 'number') return said(integer(3, value));
  if (typeof value === 'string') return said(message(4, value));
  if ('floats' in value) return said(message(7, [floats(value.floats)]));
  if ('integers' in value) return said(message(8, value.integers.map(varint)));
  return said(...value.map((text) => message(9, text)));
}

export interface NodeSpec {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

const nodeOf = ({ type, inputs, outputs, attributes = {} }: NodeSpec): Uint8Array =>
  message(1, [
    ...inputs.map((name) => message(1, name)),
    ...outputs.map((name) => message(2, name)),
    message(4, type),
    ...Object.entries(attributes).map(attribute),
  ]);

/** A regressor of one tree: `low` where the column is at most the threshold, else `high`. */
export function stump(
  input: string,
  feature: number,
  threshold: number,
  [low, high]: readonly [number, number] = [1, 2],
): NodeSpec {
  const attributes = {
    n_targets: 1,
    nodes_treeids: { integers: [0, 0, 0] },
    nodes_nodeids: { integers: [0, 1, 2] },
    nodes_featureids: { integers: [feature, 0, 0] },
    nodes_values: { floats: [threshold, 0, 0] },
    nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
    nodes_truenodeids: { integers: [1, 0, 0] },
    nodes_falsenodeids: { integers: [2, 0, 0] },
    target_treeids: { integers: [0, 0] },
    target_nodeids: { integers: [1, 2] },
    target_ids: { integers: [0, 0] },
    target_weights: { floats: [low, high] },
  };
  return { type: 'TreeEnsembleRegressor', inputs: [input], outputs: ['Y'], attributes };
}

export interface GraphSpec {
  readonly element?: Element;
  /** null: the file does not say */
  readonly columns: number | null;
  readonly nodes: readonly NodeSpec[];
  readonly constants?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly numbers: readonly number[];
  }[];
}

/** A file whose input is `X`. */
export function onnxBytes({
  element = 'float',
  columns,
  nodes,
  constants = [],
}: GraphSpec): Uint8Array {
  const column = columns === null ? message(2, 'M') : integer(1, columns);
  const shape = message(2, [message(1, [message(2, 'N')]), message(1, [column])]);
  const type = message(2, [message(1, [integer(1, ELEMENT[element]), shape])]);
  const tensors = constants.map((tensor) =>
    message(5, [
      ...tensor.shape.map((size) => integer(1, size)),
      integer(2, ELEMENT.float),
      message(8, tensor.name),
      message(9, [floats(tensor.numbers)]),
    ]),
  );
  return joined([
    integer(1, 8),
    message(7, [...nodes.map(nodeOf), ...tensors, message(11, [message(1, 'X'), type])]),
    message(8, [message(1, 'ai.onnx.ml'), integer(2, 3)]),
  ]);
}
