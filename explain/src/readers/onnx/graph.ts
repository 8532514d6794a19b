import { ExplainError } from '../../errors.ts';
import { malformed } from '../document.ts';
import { floatsOf, integersOf, messageOf, textOf } from './protobuf.ts';
import type { Field } from './protobuf.ts';

/** One operator of the graph. */
export interface GraphNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A tensor that the file holds. */
export interface Constant {
  readonly shape: readonly number[];
  readonly numbers: () => readonly number[];
}

export interface Graph {
  readonly producer: string;
  /** type of the input */
  readonly type: 'float32' | 'float64';
  /** columns of the input, where the file says how many */
  readonly columns: number | null;
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Constant>;
}

type Message = ReadonlyMap<number, readonly Field[]>;

const first = (message: Message, field: number): Field | undefined => message.get(field)?.[0];
const all = (message: Message, field: number): readonly Field[] => message.get(field) ?? [];
const text = (message: Message, field: number): string => {
  const found = first(message, field);
  return found === undefined ? '' : textOf(found.bytes);
};

/** What is needed of an ONNX ModelProto (onnx/onnx.proto). */
export function readGraph(bytes: Uint8Array): Graph {
  const model = messageOf(bytes);
  const graphField = first(model, 7);
  if (graphField === undefined || first(model, 1) === undefined)
    throw new ExplainError('MODEL_FORMAT', { got: 'other bytes' });
  checkOperatorSet(model);
  const graph = messageOf(graphField.bytes);
  const constants = new Map(
    all(graph, 5).map(({ bytes: each }) => {
      const tensor = messageOf(each);
      const numbers = (): number[] => tensorNumbers('initializer', tensor);
      return [text(tensor, 8), { shape: integersOf(all(tensor, 1)), numbers }] as const;
    }),
  );
  const inputs = all(graph, 11)
    .map(({ bytes: each }) => messageOf(each))
    .filter((input) => !constants.has(text(input, 1)));
  if (inputs.length !== 1)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `${inputs.length} inputs of an ONNX graph`,
      want: 'one tensor of rows and columns',
    });
  return {
    producer: `${text(model, 2)} ${text(model, 3)}`.trim(),
    type: first(tensorType(inputs[0]) ?? new Map(), 1)?.integer === DOUBLE ? 'float64' : 'float32',
    columns: columnsOf(inputs[0]),
    constants,
    nodes: all(graph, 1).map(({ bytes: each }) => readNode(messageOf(each))),
  };
}

const NEWEST = 5;

/** OperatorSetIdProto of ai.onnx.ml: which version of the operators the file means. */
function checkOperatorSet(model: Message): void {
  const sets = all(model, 8).map(({ bytes }) => messageOf(bytes));
  const version = sets
    .filter((set) => text(set, 1) === 'ai.onnx.ml')
    .map((set) => first(set, 2)?.integer ?? 0)[0];
  if (version === undefined || version < 1 || version > NEWEST)
    throw new ExplainError('MODEL_VERSION', {
      got: version === undefined ? 'no operator set ai.onnx.ml' : `ai.onnx.ml ${version}`,
      want: `ai.onnx.ml 1 to ${NEWEST}`,
    });
}

function inside(message: Message | undefined, field: number): Message | undefined {
  const found = message && first(message, field);
  return found && messageOf(found.bytes);
}

/** ValueInfoProto.type.tensor_type */
function tensorType(input: Message | undefined): Message | undefined {
  return inside(inside(input, 2), 1);
}

/** tensor_type.shape.dim[1].dim_value */
function columnsOf(input: Message | undefined): number | null {
  const shape = inside(tensorType(input), 2);
  const column = shape && all(shape, 1)[1];
  const size = column && first(messageOf(column.bytes), 1);
  return size === undefined ? null : size.integer;
}

function readNode(node: Message): GraphNode {
  const attributes = new Map<string, Message>();
  for (const { bytes } of all(node, 5)) {
    const attribute = messageOf(bytes);
    attributes.set(text(attribute, 1), attribute);
  }
  const type = text(node, 4);
  return {
    type,
    inputs: all(node, 1).map(({ bytes }) => textOf(bytes)),
    outputs: all(node, 2).map(({ bytes }) => textOf(bytes)),
    attributes: new Attributes(type, attributes),
  };
}

/** Typed look-ups in the attributes of one operator. */
export class Attributes {
  readonly #type: string;
  readonly #attributes: ReadonlyMap<string, Message>;

  constructor(type: string, attributes: ReadonlyMap<string, Message>) {
    this.#type = type;
    this.#attributes = attributes;
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  /** Empty where the attribute is not there. */
  integers(name: string): number[] {
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) return [];
    const tensor = first(attribute, 5);
    return tensor === undefined
      ? integersOf(all(attribute, 8))
      : tensorNumbers(`${this.#type}.${name}`, messageOf(tensor.bytes));
  }

  integer(name: string, absent: number): number {
    const attribute = this.#attributes.get(name);
    return attribute === undefined ? absent : (first(attribute, 3)?.integer ?? 0);
  }

  text(name: string, absent: string): string {
    const attribute = this.#attributes.get(name);
    return attribute === undefined ? absent : text(attribute, 4);
  }

  texts(name: string): string[] {
    const attribute = this.#attributes.get(name);
    return attribute === undefined ? [] : all(attribute, 9).map(({ bytes }) => textOf(bytes));
  }

  /** `name` as floats, or `name_as_tensor`, or `name` as a tensor. */
  numbers(name: string): number[] {
    const attribute = this.#attributes.get(name) ?? this.#attributes.get(`${name}_as_tensor`);
    if (attribute === undefined) return [];
    const tensor = first(attribute, 5);
    return tensor === undefined
      ? floatsOf(all(attribute, 7), 4)
      : tensorNumbers(`${this.#type}.${name}`, messageOf(tensor.bytes));
  }
}

/** TensorProto.DataType */
export const FLOAT = 1;
const UINT8 = 2;
const DOUBLE = 11;

/** TensorProto: float, double, uint8, in their own field or in raw_data. */
function tensorNumbers(path: string, tensor: Message): number[] {
  const raw = first(tensor, 9)?.bytes;
  const data = first(tensor, 2)?.integer;
  if (data === FLOAT)
    return raw === undefined ? floatsOf(all(tensor, 4), 4) : floatsOf(all(tensor, 9), 4);
  if (data === DOUBLE)
    return raw === undefined ? floatsOf(all(tensor, 10), 8) : floatsOf(all(tensor, 9), 8);
  if (data === UINT8) return raw === undefined ? integersOf(all(tensor, 5)) : [...raw];
  throw malformed(path, `a tensor of type ${data}`, 'float, double or uint8');
}
