/** How rows are asked about over HTTP, and what of the answer holds the predictions. */
export interface InferenceProtocol {
  readonly body: (rows: readonly Float64Array[]) => string;
  /** what `Predict` takes, still to be checked; undefined where the answer has no such member */
  readonly predictionsIn: (answer: unknown, rows: number) => unknown;
}

/** More outputs than any predict function may have. */
const MAX_WIDTH = 1000;

/** Plain JSON: `{"rows": [[…]]}` gets `{"predictions": [… or [[…]]]}`. A missing value is null. */
const plainJson: InferenceProtocol = {
  body: (rows) => `{"rows":[${rows.map(listed).join(',')}]}`,
  predictionsIn: (answer) => memberOf(answer, 'predictions'),
};

/**
 * Open Inference Protocol v2, `…/v2/models/NAME/infer`: one FP64 input `input-0` of shape [rows, features]; the first output, of shape
 * [rows] or [rows, outputs]. A missing value is null.
 */
const openInference: InferenceProtocol = {
  body: (rows) => {
    const shape = `[${rows.length},${rows[0]?.length ?? 0}]`;
    const data = rows.map((row) => Array.from(row, spelled).join(',')).join(',');
    return `{"inputs":[{"name":"input-0","shape":${shape},"datatype":"FP64","data":[${data}]}]}`;
  },
  predictionsIn: (answer, rows) => {
    const outputs = memberOf(answer, 'outputs');
    const first: unknown = Array.isArray(outputs) ? outputs[0] : undefined;
    const [data, shape] = [listIn(first, 'data'), listIn(first, 'shape')];
    if (data === null || shape === null) return undefined;
    const [count, width = 1] = shape;
    // Before anything is built by it: what a server says of a size may be any number.
    if (shape.length > 2 || count !== rows || !isWidth(width) || rows * width !== data.length)
      return undefined;
    if (shape.length === 1) return data;
    return Array.from({ length: rows }, (_, i): unknown => data.slice(i * width, (i + 1) * width));
  },
};

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
