/** How rows or texts are asked about over HTTP, and what of the answer holds the predictions. */
export interface InferenceProtocol {
  readonly rows: (rows: readonly Float64Array[]) => string;
  readonly texts: (texts: readonly string[]) => string;
  /** what `Predict` takes, still to be checked; undefined where the answer has no such member */
  readonly predictionsIn: (answer: unknown, asked: number) => unknown;
}

/** More outputs than any predict function may have. */
const MAX_WIDTH = 1000;

/** Plain JSON: `{"rows": [[…]]}` or `{"texts": […]}` gets `{"predictions": [… or [[…]]]}`. A missing value is null. */
const plainJson: InferenceProtocol = {
  rows: (rows) => `{"rows":[${rows.map(listed).join(',')}]}`,
  texts: (texts) => JSON.stringify({ texts }),
  predictionsIn: (answer) => memberOf(answer, 'predictions'),
};

/**
 * Open Inference Protocol v2, `…/v2/models/NAME/infer`: one input `input-0`, FP64 of shape [rows, features] or BYTES of shape [texts];
 * the first output, of shape [rows] or [rows, outputs]. A missing value is null.
 */
const openInference: InferenceProtocol = {
  rows: (rows) => {
    const data = rows.map((row) => Array.from(row, spelled).join(',')).join(',');
    return inputOf('FP64', [rows.length, rows[0]?.length ?? 0], data);
  },
  texts: (texts) =>
    inputOf('BYTES', [texts.length], texts.map((text) => JSON.stringify(text)).join(',')),
  predictionsIn: (answer, asked) => {
    const outputs = memberOf(answer, 'outputs');
    const first: unknown = Array.isArray(outputs) ? outputs[0] : undefined;
    const [data, shape] = [listIn(first, 'data'), listIn(first, 'shape')];
    if (data === null || shape === null) return undefined;
    const [count, width = 1] = shape;
    // Before anything is built by it: what a server says of a size may be any number.
    if (shape.length > 2 || count !== asked || !isWidth(width) || asked * width !== data.length)
      return undefined;
    if (shape.length === 1) return data;
    return Array.from({ length: asked }, (_, i): unknown => data.slice(i * width, (i + 1) * width));
  },
};

function inputOf(datatype: string, shape: readonly number[], data: string): string {
  return `{"inputs":[{"name":"input-0","shape":[${shape.join(',')}],"datatype":"${datatype}","data":[${data}]}]}`;
}

export function protocolOf(url: URL): InferenceProtocol {
  return /\/infer\/?$/.test(url.pathname) ? openInference : plainJson;
}

function isWidth(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_WIDTH;
}

function listed(row: Float64Array): string {
  return `[${Array.from(row, spelled).join(',')}]`;
}

function spelled(value: number): string {
  return JSON.stringify(value);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function listIn(value: unknown, name: string): readonly unknown[] | null {
  const member = memberOf(value, name);
  return Array.isArray(member) ? (member as unknown[]) : null;
}
