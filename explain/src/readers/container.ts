import { ExplainError } from '../errors.ts';
import { kindOf, wrongKind } from '../kinds.ts';

/** The bytes of a file. @throws ExplainError MODEL_FORMAT for anything but bytes: a text must be encoded first */
export function bytesOf(given: Uint8Array | ArrayBuffer): Uint8Array {
  const kind = kindOf(given);
  if (kind === 'Uint8Array' && ArrayBuffer.isView(given)) return given;
  if (kind === 'ArrayBuffer') return new Uint8Array(given as ArrayBuffer);
  throw wrongKind('model', given, 'its bytes: a Uint8Array or an ArrayBuffer', 'MODEL_FORMAT');
}

/** JSON and UBJSON begin with `{`; then JSON has a quotation mark or blanks, UBJSON the type of a length. */
export function containerOf(bytes: Uint8Array): 'json' | 'ubjson' | 'lightgbm' | 'onnx' {
  if (bytes.length === 0) throw new ExplainError('MODEL_FORMAT', { got: 'no bytes' });
  if (/^tree\r?\n/.test(textStart(bytes))) return 'lightgbm';
  // A protocol-buffers message whose first field is ir_version, as every ONNX writer puts it.
  if (bytes[0] === 0x08 && (bytes[1] ?? 0x80) < 0x80) return 'onnx';
  const start = bytes.findIndex((byte) => !isBlank(byte));
  if (bytes[start] !== 0x7b) throw new ExplainError('MODEL_FORMAT', { got: describeStart(bytes) });
  const next = bytes[start + 1];
  if (next === undefined)
    throw new ExplainError('MODEL_TRUNCATED', { got: `the end after ${bytes.length} bytes` });
  if (next === 0x22 || next === 0x7d || isBlank(next)) return 'json';
  if ('iUIlL$#'.includes(String.fromCharCode(next)) && start === 0) return 'ubjson';
  throw new ExplainError('MODEL_FORMAT', { got: describeStart(bytes) });
}

function textStart(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 8));
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function describeStart(bytes: Uint8Array): string {
  const start = textStart(bytes);
  if (start.startsWith('binf') || start.startsWith('bs64'))
    return 'the old binary format of XGBoost';
  if (start.startsWith('CBM1')) return 'a binary CatBoost model';
  if (bytes[0] === 0x80) return 'a Python pickle';
  return 'other bytes';
}
