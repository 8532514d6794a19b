import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export type EndCallback = () => void;

const SPEAKING = [
  'write',
  'end',
  'writeHead',
  'flushHeaders',
  'setHeader',
  'appendHeader',
  'removeHeader',
  'addTrailers',
] as const;

/** Replaces what a handler speaks with by nothing. @returns how to give it back */
export function deafen(res: ServerResponse): () => void {
  const before = Object.fromEntries(
    SPEAKING.map((name) => [name, Reflect.get(res, name) as unknown]),
  );
  for (const name of SPEAKING)
    Object.assign(res, { [name]: name === 'write' ? () => true : () => res });
  return () => void Object.assign(res, before);
}

export function toBuffer(chunk: string | Uint8Array, encoding: unknown): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encodingOf(encoding));
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}

/** Of the second argument of `write` and `end`, where a callback may stand too. */
export function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
}

/** Node lets the callback stand in any place from its first optional argument on. */
export function callbackIn(...args: readonly unknown[]): EndCallback | null {
  const found = args.find((arg) => typeof arg === 'function');
  return found === undefined ? null : (found as EndCallback);
}

/** Headers as writeHead takes them: an object, a flat list, or a list of pairs. */
export function setHeaders(res: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const flat = headers.flat() as string[];
    for (let i = 0; i + 1 < flat.length; i += 2) res.setHeader(flat[i]!, flat[i + 1]!);
  } else if (headers !== null && typeof headers === 'object')
    for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders))
      if (value !== undefined) res.setHeader(name, value);
}
